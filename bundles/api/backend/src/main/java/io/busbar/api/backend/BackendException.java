package io.busbar.api.backend;

import java.util.Objects;

/** A backend cannot be opened, or cannot do what was asked. The message names the value and what was expected. */
public final class BackendException extends Exception {

    private static final long serialVersionUID = 1;

    /** What kind of obstacle it is, for the reason that the bus shows. */
    public enum Kind {
        /** A setting is missing, malformed or out of range. */
        CONFIG_INVALID,
        /** The resource is not there. */
        NOT_FOUND,
        /** The right to use the resource is missing. */
        PERMISSION,
        /** Somebody else uses the resource. */
        IN_USE,
        /** No room: on a disk, in memory. */
        NO_SPACE,
        /** Anything else: an I/O error. */
        FAILED
    }

    private final Kind kind;

    /**
     * Makes the exception.
     *
     * @param kind    what kind of obstacle it is
     * @param message one sentence for the user: names the value, says what was expected
     */
    public BackendException(Kind kind, String message) {
        this(kind, message, null);
    }

    /**
     * Makes the exception.
     *
     * @param kind    what kind of obstacle it is
     * @param message one sentence for the user: names the value, says what was expected
     * @param cause   what was thrown below, or null
     */
    public BackendException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind, "kind");
    }

    /** Returns what kind of obstacle it is. */
    public Kind kind() {
        return kind;
    }
}
