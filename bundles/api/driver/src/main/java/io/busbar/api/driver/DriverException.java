package io.busbar.api.driver;

import java.io.IOException;
import java.util.Objects;

/** An operation failed. The message names the device, the operation and what happened. */
public final class DriverException extends IOException {

    private static final long serialVersionUID = 1;

    /** No status: the device gave none. */
    public static final int NO_STATUS = -1;

    /** What happened. */
    public enum Kind {
        /** The device says that it could not do it. */
        DEVICE_ERROR,
        /** The device does not have this operation. */
        UNSUPPORTED,
        /** The device is read-only. */
        READ_ONLY,
        /** Past the end of the device, or longer than it takes. */
        OUT_OF_RANGE,
        /** The memory that was given for the operation cannot be used any more: its arena was closed, for example. */
        MEMORY,
        /** The device had to be reset while it had the operation: it may or may not have done it. */
        RESET,
        /** The device was unbound or removed, or the driver was stopped; it may or may not have done it. */
        GONE
    }

    private final Kind kind;
    private final int status;

    /**
     * Makes the exception.
     *
     * @param kind     what happened
     * @param status   the device's status byte of the request, 0 to 255, or {@link #NO_STATUS}
     * @param sentence names device and operation
     */
    public DriverException(Kind kind, int status, String sentence) {
        super(sentence);
        this.kind = Objects.requireNonNull(kind, "kind");
        this.status = status;
    }

    /** Returns what happened. */
    public Kind kind() {
        return kind;
    }

    /** Returns the device's status byte of the request, 0 to 255; {@link #NO_STATUS} if there is none. */
    public int status() {
        return status;
    }
}
