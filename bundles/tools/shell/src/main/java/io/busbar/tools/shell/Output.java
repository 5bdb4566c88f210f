package io.busbar.tools.shell;

/** Where a command writes. Not for use by several threads at once. */
public interface Output {

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
     * Has something done when whoever reads has been told how the command has ended.
     *
     * @param last done once, on whichever thread; whether or not somebody still reads
     */
    void whenAnswered(Runnable last);

    /** Returns whether who gave the command has left, as far as it is known from what was written. */
    boolean isGone();
}
