/** Placeholder. */
package io.busbar.tools.shell;
