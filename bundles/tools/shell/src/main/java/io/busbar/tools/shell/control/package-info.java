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
 *
 * <p>A client that can type while a command runs adds {@code "stream":"terminal"} or {@code "stream":"pipe"}, and {@code "who"}, a
 * name for others. A command that wants its input has {@code {"input":1}} sent; bytes are Base64 from then on:
 * <pre>
 * to the client     {"data":"aGVsbG8K"}   bytes to show      {"input":0}   it is to leave
 * from the client   {"data":"bHMK"}       bytes typed        {"columns":80,"rows":24}   its terminal's size
 *                   {"end":1}             its input has ended
 *                   {"leave":1}           its last: it waits for the exit status now
 * </pre>
 * Who types is not read from while what was typed before finds no room; who is shown something may take as long as it likes.
 */
package io.busbar.tools.shell.control;
