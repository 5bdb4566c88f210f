/** How the shell is plugged in: components, Gogo, configuration. */
package io.busbar.tools.shell.osgi;
