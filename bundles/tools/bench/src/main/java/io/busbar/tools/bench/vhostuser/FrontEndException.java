package io.busbar.tools.bench.vhostuser;

import java.io.IOException;

/** The back-end did not do what the protocol asks of it, or is gone. The message says what was expected. */
public final class FrontEndException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message what happened, and what was expected
     */
    public FrontEndException(String message) {
        super(message);
    }
}
