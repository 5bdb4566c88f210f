/**
 * The {@code vdpa} command: what iproute2 6.15's tool of that name does on Linux 6.12, word for word, with the bus in
 * the kernel's place; and what is ours beyond it ({@code docs/vdpa-command.md}).
 */
package io.busbar.tools.shell.vdpa;
