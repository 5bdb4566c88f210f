package io.busbar.api.backend;

/** How a block request ended (virtio 1.2, 5.2.6: the status byte). */
public enum BlockStatus {
    /** Done. */
    OK,
    /** Not done: an error of the disk, no room. */
    IO_ERROR,
    /** Not done: the backend does not do this. */
    UNSUPPORTED
}
