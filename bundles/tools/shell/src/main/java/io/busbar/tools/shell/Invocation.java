package io.busbar.tools.shell;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One call of a command.
 *
 * @param args     the words after the command's name
 * @param output   where it writes
 * @param cwd      the caller's working directory, absolute: relative file names start there
 * @param dialogue the caller, if it stays and types while the command runs
 */
public record Invocation(List<String> args, Output output, Path cwd, Optional<Dialogue> dialogue) {

    /** Copies the words. */
    public Invocation {
        args = List.copyOf(args);
        Objects.requireNonNull(output, "output");
        Objects.requireNonNull(dialogue, "dialogue");
        if (!cwd.isAbsolute()) {
            throw new IllegalArgumentException("working directory " + cwd + ": expected an absolute path");
        }
    }

    /** A call by somebody who only reads what is printed. */
    public Invocation(List<String> args, Output output, Path cwd) {
        this(args, output, cwd, Optional.empty());
    }
}
