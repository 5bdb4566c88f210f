package io.busbar.api.command;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A command, registered as an OSGi service by the bundle that brings it. A name that Busbar's own commands have is not taken
 * from them; of two services with one name the one that came last is used. Called by several threads at once.
 */
@ConsumerType
public interface ShellCommand {

    /** Exit status of what was done. */
    int OK = 0;

    /** Exit status of what was refused. */
    int FAILED = 1;

    /** Returns the first word: lower-case letters, digits and dashes; always the same. */
    String name();

    /** Returns what it is for: half a sentence. */
    String summary();

    /** Returns the forms in which it can be called, and what its words mean; lines, with the last line's end. */
    String help();

    /**
     * Runs it. What it throws is told to the user, and logged.
     *
     * @param call the words, and where to write
     * @return the exit status: {@link #OK}, or {@link #FAILED} after a sentence on {@link CommandCall#err}
     */
    int run(CommandCall call);

    /**
     * Proposes words.
     *
     * @param before the words after the command's name that are complete
     * @return what may come next, in any order and whatever was typed of it; empty if that is not known
     */
    List<String> complete(List<String> before);
}
