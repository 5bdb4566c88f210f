package io.busbar.busdrivers.virtio.block;

import io.busbar.core.virtio.block.VirtioBlk;

/** What a user can ask a disk for. */
enum Operation {
    READ("read", VirtioBlk.VIRTIO_BLK_T_IN),
    WRITE("write", VirtioBlk.VIRTIO_BLK_T_OUT),
    FLUSH("flush", VirtioBlk.VIRTIO_BLK_T_FLUSH),
    DISCARD("discard", VirtioBlk.VIRTIO_BLK_T_DISCARD),
    WRITE_ZEROES("write of zeroes", VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES);

    private final String text;
    private final int type;

    Operation(String text, int type) {
        this.text = text;
        this.type = type;
    }

    /** Returns the request type. */
    int type() {
        return type;
    }

    /** Returns whether it moves bytes of the user. */
    boolean hasData() {
        return this == READ || this == WRITE;
    }

    /** Names an operation. */
    String describe(long offset, long length) {
        return this == FLUSH ? text : text + " of " + length + " bytes at " + offset;
    }
}
