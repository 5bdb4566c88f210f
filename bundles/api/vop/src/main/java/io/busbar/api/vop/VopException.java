package io.busbar.api.vop;

import java.util.Objects;

/** An op of a link was refused. */
public final class VopException extends Exception {

    private static final long serialVersionUID = 1;

    private final VopError error;

    /**
     * Makes the exception.
     *
     * @param error    the error number
     * @param sentence names the value and what was expected
     */
    public VopException(VopError error, String sentence) {
        super(Objects.requireNonNull(sentence, "sentence"));
        this.error = Objects.requireNonNull(error, "error");
    }

    /** Returns the error number. */
    public VopError error() {
        return error;
    }
}
