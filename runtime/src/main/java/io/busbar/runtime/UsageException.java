package io.busbar.runtime;

/** What the user asked for cannot be done as asked; the message names the value and what was expected. */
public final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * @param message one sentence for the user
     */
    public UsageException(String message) {
        super(message);
    }
}
