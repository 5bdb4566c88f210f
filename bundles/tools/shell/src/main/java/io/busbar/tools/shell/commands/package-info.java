/** The commands beside {@code vdpa}: they show what is plugged in, and do what the kernel's tool cannot. */
package io.busbar.tools.shell.commands;
