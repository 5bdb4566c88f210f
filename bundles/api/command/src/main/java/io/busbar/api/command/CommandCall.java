package io.busbar.api.command;

import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** One call of a command. Valid until {@link ShellCommand#run} returns; one thread at a time. */
@ProviderType
public interface CommandCall {

    /** Returns the words after the command's name. */
    List<String> words();

    /** Returns the caller's working directory, absolute: relative file names start there. */
    Path directory();

    /**
     * Writes to the standard output.
     *
     * @param text as it is, line ends included
     */
    void out(String text);

    /**
     * Writes to the standard error.
     *
     * @param text as it is, line ends included
     */
    void err(String text);

    /**
     * Has something done when the caller has been told all of this, and how the command has ended: the process's end, which nobody
     * would be told after it.
     *
     * @param last done once, on whichever thread; whether or not the caller is still there
     */
    void whenAnswered(Runnable last);
}
