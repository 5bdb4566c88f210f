/**
 * The shell: commands, and the ways to them.
 *
 * <p>A {@link io.busbar.tools.shell.Command} takes words, writes text and answers with an exit status; it knows neither
 * Gogo nor sockets. {@link io.busbar.tools.shell.CommandTable} has all of them. They are reached as Gogo commands of the
 * scope {@code busbar}, and from outside over the control socket.
 */
package io.busbar.tools.shell;
