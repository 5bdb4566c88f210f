package io.busbar.tools.shell;

import java.util.List;

/** A command of the shell, independent of how it is reached. Safe for any thread. */
public interface Command {

    /** Exit status of what was done. */
    int OK = 0;

    /** Exit status of what was refused. */
    int FAILED = 1;

    /** Exit status of a line that names no command, or is no request. */
    int USAGE = 2;

    /** Returns the first word. */
    String name();

    /** Returns what it is for: half a sentence. */
    String summary();

    /** Returns the forms in which it can be called, and what its words mean; lines, with the last line's end. */
    String help();

    /**
     * Runs it.
     *
     * @param call the words, and where to write
     * @return the exit status
     */
    int run(Invocation call);

    /**
     * Proposes words.
     *
     * @param before the words after the command's name that are complete
     * @return what may come next, in any order and whatever was typed of it; empty if that is not known
     */
    List<String> complete(List<String> before);
}
