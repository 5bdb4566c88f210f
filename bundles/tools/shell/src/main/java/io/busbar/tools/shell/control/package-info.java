/**
 * The control socket: commands from outside, over a private Unix socket.
 *
 * <p>One JSON object a line. Requests, each with {@code "v":1}, and optionally {@code "cwd"} (the client's working
 * directory) and {@code "columns"} (width of its terminal):
 * <pre>
 * {"v":1,"args":["vdpa","dev","show"],"cwd":"/home/me"}     one command
 * {"v":1,"line":"vdpa dev show; status"}                    a line of the shell's language
 * {"v":1,"complete":"vdpa dev sh","cursor":11}              which words fit at the cursor
 * </pre>
 * Answers: any number of {@code {"out":"text"}} and {@code {"err":"text"}}, then {@code {"exit":N}}; to the last kind
 * {@code {"candidates":["show"],"exit":0}}. What is no request is answered with a sentence and exit 2. Requests of one
 * connection are answered one after the other.
 */
package io.busbar.tools.shell.control;
