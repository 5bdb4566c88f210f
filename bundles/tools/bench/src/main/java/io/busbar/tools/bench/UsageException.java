package io.busbar.tools.bench;

/** A command line that cannot be used. The message names the word and what was expected. */
public final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message the word, and what was expected
     */
    public UsageException(String message) {
        super(message);
    }
}
