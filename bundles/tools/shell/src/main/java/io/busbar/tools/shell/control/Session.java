package io.busbar.tools.shell.control;

import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What stands behind one connection. Used by one thread at a time. */
public interface Session extends AutoCloseable {

    /** Makes sessions. */
    @FunctionalInterface
    interface Factory {
        /** Opens one for a new connection. */
        Session open();
    }

    /**
     * Runs one command.
     *
     * @param call its words
     * @return the exit status
     */
    int run(Invocation call);

    /**
     * Runs a line of the shell's language.
     *
     * @param line     the line
     * @param cwd      the client's working directory
     * @param columns  width of the client's terminal, 0 if it has none
     * @param output   where it writes; used by several threads at once
     * @param dialogue the client, if it stays and types while a command runs
     * @return the exit status of its last command
     */
    int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue);

    /**
     * Proposes words.
     *
     * @param text what was typed up to the cursor
     * @return whole words that fit there
     */
    List<String> complete(String text);

    /** The connection has ended. */
    @Override
    void close();
}
