package io.busbar.itests.guest;

import io.busbar.itests.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A terminal of tmux, of a server of its own, with somebody who types and reads. */
final class Tmux implements AutoCloseable {

    private static final Duration ANSWER = Duration.ofSeconds(60);
    private static final Duration TURN = Duration.ofSeconds(10);
    private static final int TURNS = 4;

    private final List<String> program;

    /**
     * @param name of the server, of no other test's
     */
    Tmux(String name) {
        program = List.of(Host.require("tmux", "tmux").toString(), "-L", name, "-f", "/dev/null");
    }

    /** Opens a terminal of a size, in which a line of the shell runs. */
    Tmux open(int columns, int rows, String line) {
        tell("new-session", "-d", "-x", Integer.toString(columns), "-y", Integer.toString(rows), line);
        return this;
    }

    /** Makes the terminal another size. */
    void resize(int columns, int rows) {
        tell("resize-window", "-x", Integer.toString(columns), "-y", Integer.toString(rows));
    }

    /** Types a line, and waits until something is shown. */
    void type(String line, String expected) {
        tell("send-keys", line, "Enter");
        shows(expected);
    }

    /**
     * Types a line until something is shown, which does no harm if it is typed twice: a shell that asks its terminal where the cursor
     * is, as that of busybox does at each prompt, may take the answer and the line for one.
     */
    void typeUntil(String line, String expected) {
        for (int turn = 1; turn < TURNS; turn++) {
            tell("send-keys", line, "Enter");
            if (isShown(expected)) {
                return;
            }
        }
        type(line, expected);
    }

    private boolean isShown(String expected) {
        try {
            shows(expected, TURN);
            return true;
        } catch (AssertionError _) {
            return false;
        }
    }

    /** Presses a key by its name, such as {@code C-c}. */
    void press(String key) {
        tell("send-keys", key);
    }

    /** Waits until something is shown. */
    void shows(String expected) {
        shows(expected, ANSWER);
    }

    void shows(String expected, Duration within) {
        Eventually.within(within, () -> screen().contains(expected), () -> "\"" + expected + "\" is not shown: " + screen());
    }

    /** What is on the screen; empty when the terminal is gone. */
    String screen() {
        return Host.run(ANSWER, words("capture-pane", "-p")).output();
    }

    private void tell(String... words) {
        Host.check(ANSWER, words(words));
    }

    private String[] words(String... more) {
        List<String> all = new ArrayList<>(program);
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }

    /** Closes the terminal, which hangs up what runs in it. */
    @Override
    public void close() {
        Host.run(ANSWER, words("kill-server"));
    }
}
