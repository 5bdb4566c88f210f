package io.busbar.runtime.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Who types while a command runs, and is shown bytes as they are. */
interface Typist {
    /** Whether somebody sits there: a terminal, not a pipe. */
    boolean terminal();

    /** Begins to type, on a thread of its own. */
    void begin(CommandInput input) throws IOException;

    /** Shows bytes, possibly none. */
    void show(byte[] bytes) throws IOException;

    /** Tells the user something: whole lines, or nothing. */
    void note(String text);

    /** The command has ended; called once after {@link #begin}. */
    void end();

    /** Who it is, for others who look at the same: at most 64 printable ASCII characters. */
    default String who() {
        var user = System.getProperty("user.name", "somebody").replaceAll("[^ -~]", "?");
        return user.substring(0, Math.min(user.length(), 32)) + place();
    }

    private static String place() {
        try {
            var terminal = Files.readSymbolicLink(Path.of("/proc/self/fd/0"));
            if (terminal.toString().matches("/dev/(pts/|tty)[0-9A-Za-z]{1,16}")) {
                return " on " + Path.of("/dev").relativize(terminal);
            }
        } catch (IOException _) {
            // It has none.
        }
        return " process " + ProcessHandle.current().pid();
    }
}
