package io.busbar.api.vdpa;

/** The error numbers that the bus answers with, by their Linux names; the text is what {@code strerror} says. */
public enum VdpaError {
    /** No right. */
    EPERM("Operation not permitted"),
    /** No such thing. */
    ENOENT("No such file or directory"),
    /** Input or output failed. */
    EIO("Input/output error"),
    /** Not yet. */
    EAGAIN("Resource temporarily unavailable"),
    /** No memory. */
    ENOMEM("Cannot allocate memory"),
    /** No right to a file. */
    EACCES("Permission denied"),
    /** In use. */
    EBUSY("Device or resource busy"),
    /** The name is taken. */
    EEXIST("File exists"),
    /** No such device. */
    ENODEV("No such device"),
    /** A value is wrong. */
    EINVAL("Invalid argument"),
    /** No room. */
    ENOSPC("No space left on device"),
    /** A number is out of its range. */
    ERANGE("Numerical result out of range"),
    /** The address (of a socket) is in use. */
    EADDRINUSE("Address already in use"),
    /** Too long a name. */
    ENAMETOOLONG("File name too long"),
    /** Took too long. */
    ETIMEDOUT("Connection timed out"),
    /** Not supported. */
    EOPNOTSUPP("Operation not supported");

    private final String text;

    VdpaError(String text) {
        this.text = text;
    }

    /** Returns what {@code strerror} says. */
    public String text() {
        return text;
    }
}
