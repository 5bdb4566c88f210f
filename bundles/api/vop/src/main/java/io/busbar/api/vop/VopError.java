package io.busbar.api.vop;

/** The error numbers of a link, by their Linux names. */
public enum VopError {
    /** The link, or the peer, is gone. */
    ENODEV,
    /** A value is wrong. */
    EINVAL,
    /** An address is not one that the peer shares. */
    EFAULT,
    /** No memory. */
    ENOMEM,
    /** No room: in the window to this side, of vectors, of the page. */
    ENOSPC,
    /** The peer does not speak as it should. */
    EPROTO,
    /** The peer took too long. */
    ETIMEDOUT
}
