package io.busbar.tools.shell;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * One call of a command.
 *
 * @param args    the words after the command's name
 * @param output  where it writes
 * @param cwd     the caller's working directory, absolute: relative file names start there
 */
public record Invocation(List<String> args, Output output, Path cwd) {

    /** Copies the words. */
    public Invocation {
        args = List.copyOf(args);
        Objects.requireNonNull(output, "output");
        if (!cwd.isAbsolute()) {
            throw new IllegalArgumentException("working directory " + cwd + ": expected an absolute path");
        }
    }
}
