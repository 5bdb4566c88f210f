package io.busbar.api.backend;

/** What a block request asks for (virtio 1.2, 5.2.6). */
public enum BlockOperation {
    /** Fill the payload from the disk; bytes past what the disk holds read as zero. */
    READ,
    /** Put the payload onto the disk. */
    WRITE,
    /** Make all writes durable that were completed before. */
    FLUSH,
    /** The range is not needed any more: reads of it may return anything until it is written again. */
    DISCARD,
    /** The range reads as zero from now on. */
    WRITE_ZEROES
}
