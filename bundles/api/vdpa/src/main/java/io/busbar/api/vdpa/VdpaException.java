package io.busbar.api.vdpa;

import java.util.Objects;

/**
 * An op or a command was refused. Carries the error number, the reason that the bus shows, and one sentence for the
 * user (what a kernel would put into its extended acknowledgement); the sentence may be empty.
 */
public final class VdpaException extends Exception {

    private static final long serialVersionUID = 1;

    private final VdpaError error;
    private final Reason reason;

    /**
     * Makes the exception.
     *
     * @param error    the error number
     * @param sentence for the user: names the value and what was expected; may be empty
     */
    public VdpaException(VdpaError error, String sentence) {
        this(error, Reason.CONFIG_INVALID, sentence, null);
    }

    /**
     * Makes the exception.
     *
     * @param error    the error number
     * @param reason   what the bus shows
     * @param sentence for the user; may be empty
     * @param cause    what was thrown below, or null
     */
    public VdpaException(VdpaError error, Reason reason, String sentence, Throwable cause) {
        super(Objects.requireNonNull(sentence, "sentence"), cause);
        this.error = Objects.requireNonNull(error, "error");
        this.reason = Objects.requireNonNull(reason, "reason");
    }

    /** Returns the error number. */
    public VdpaError error() {
        return error;
    }

    /** Returns the reason. */
    public Reason reason() {
        return reason;
    }
}
