package io.busbar.api.vdpa;

/** Why a part of the bus is not up. The names are shown to users and are part of the interface. */
public enum Reason {
    /** It is up, or nothing is wrong. */
    NONE,
    /** The management device is not there. */
    NO_MANAGEMENT_DEVICE,
    /** No device model for the class is there. */
    NO_DEVICE_MODEL,
    /** The backend is not there: its bundle is missing or was removed. */
    NO_BACKEND,
    /** The backend is away for longer than the user wanted requests to wait: they fail. */
    REQUESTS_FAIL,
    /** No bus driver takes the device. */
    NO_BUS_DRIVER,
    /** The features on offer or accepted do not fit. */
    FEATURES_MISMATCH,
    /** What is handed over has a format or version that its successor does not know. */
    STATE_UNKNOWN,
    /** A setting is missing, malformed or out of range. */
    CONFIG_INVALID,
    /** A file or device is not there. */
    NOT_FOUND,
    /** The socket's path belongs to somebody who listens on it. */
    SOCKET_IN_USE,
    /** A file or device is used by somebody else. */
    IN_USE,
    /** The right is missing. */
    PERMISSION,
    /** No room is left. */
    NO_SPACE,
    /** The JVM was not allowed native access. */
    NATIVE_ACCESS_DISABLED,
    /** The driver did something that cannot be recovered; the device waits for its reset. */
    DEVICE_NEEDS_RESET,
    /** The backend failed, or threw. */
    BACKEND_FAILED,
    /** Requests did not end by the deadline; the device holds until they do. */
    BACKEND_STUCK,
    /** A request is in flight for longer than the engine is set to; all goes on. */
    REQUEST_OVERDUE,
    /** A network device has no link: what is behind its backend is down, or is not there. */
    LINK_DOWN,
    /** Nobody is at the socket of a device of another process, or who was there has left. */
    NOT_CONNECTED,
    /** The other process does not answer in time. */
    NO_ANSWER,
    /** The other process broke the protocol, or says what cannot be. */
    PROTOCOL_VIOLATION,
    /** Something of ours failed that should not have. */
    INTERNAL
}
