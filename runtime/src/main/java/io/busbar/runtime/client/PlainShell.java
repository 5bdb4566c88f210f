package io.busbar.runtime.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.function.Consumer;

/** A shell without a terminal: lines in, output out, no prompt. For scripts and pipes. */
final class PlainShell {
    private final ControlConnection connection;
    private final Consumer<String> out;
    private final Consumer<String> err;
    private final Typist typist;

    /**
     * @param typist types what a command wants: not the lines
     */
    PlainShell(ControlConnection connection, Consumer<String> out, Consumer<String> err, Typist typist) {
        this.typist = typist;
        this.connection = connection;
        this.out = out;
        this.err = err;
    }

    /** Runs all lines, also after one that fails. Returns the last one's exit status, 0 if there is none. */
    int run(Reader input) throws IOException {
        var status = 0;
        var lines = new BufferedReader(input);
        for (var line = lines.readLine(); line != null && !isExit(line); line = lines.readLine()) {
            if (!isEmpty(line)) {
                status = connection.line(line, 0, out, err, typist);
            }
        }
        return status;
    }

    static boolean isExit(String line) {
        return line.strip().matches("exit|quit");
    }

    /** Whether there is nothing to run: blanks, or a comment. */
    static boolean isEmpty(String line) {
        return line.isBlank() || line.stripLeading().startsWith("#");
    }
}
