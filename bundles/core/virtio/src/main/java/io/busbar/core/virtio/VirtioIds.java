package io.busbar.core.virtio;

/** Device ids (virtio 1.2, 5; {@code virtio_ids.h}). */
public final class VirtioIds {

    /** Network card. */
    public static final int VIRTIO_ID_NET = 1;

    /** Block device. */
    public static final int VIRTIO_ID_BLOCK = 2;

    /** Console. */
    public static final int VIRTIO_ID_CONSOLE = 3;

    private VirtioIds() {
    }
}
