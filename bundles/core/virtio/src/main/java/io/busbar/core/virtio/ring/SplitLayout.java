package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;

import io.busbar.core.virtio.VirtioConfig;

/**
 * The three parts of a split virtqueue of N entries: offsets, sizes and alignment (virtio 1.2, 2.7). All fields are
 * little-endian.
 *
 * <pre>
 *  descriptor table, align 16:  N of { 0 addr:8   8 len:4   12 flags:2   14 next:2 }
 *  driver area, align 2:        0 flags:2   2 idx:2   4 ring: N of u16             4+2N used_event:2
 *  device area, align 4:        0 flags:2   2 idx:2   4 ring: N of { id:4 len:4 }  4+8N avail_event:2
 * </pre>
 *
 * The event words are there only with EVENT_IDX.
 */
public final class SplitLayout {

    /** Bytes of a descriptor. */
    public static final int DESCRIPTOR_BYTES = 16;

    /** In a descriptor: the chain goes on at {@code next}. */
    public static final int VRING_DESC_F_NEXT = 1;

    /** In a descriptor: the device writes the buffer. */
    public static final int VRING_DESC_F_WRITE = 2;

    /** In a descriptor: the buffer is a table of descriptors. */
    public static final int VRING_DESC_F_INDIRECT = 4;

    /** In the driver area's flags: the driver does not want calls. Not used with EVENT_IDX. */
    public static final int VRING_AVAIL_F_NO_INTERRUPT = 1;

    /** In the device area's flags: the device does not want kicks. Not used with EVENT_IDX. */
    public static final int VRING_USED_F_NO_NOTIFY = 1;

    /** The largest queue. */
    public static final int MAX_SIZE = 32768;

    /** Alignment of the descriptor table. */
    public static final int DESCRIPTOR_TABLE_ALIGN = 16;

    /** Alignment of the driver area. */
    public static final int DRIVER_AREA_ALIGN = 2;

    /** Alignment of the device area. */
    public static final int DEVICE_AREA_ALIGN = 4;

    static final int FLAGS = 0;
    static final int IDX = 2;
    static final int RING = 4;

    private SplitLayout() {
    }

    /**
     * Tells whether a queue may have a size.
     *
     * @param size entries
     * @return whether it is a power of two, 1 to {@link #MAX_SIZE}
     */
    public static boolean isValidSize(int size) {
        return size > 0 && size <= MAX_SIZE && Integer.bitCount(size) == 1;
    }

    /**
     * Returns the bytes of the descriptor table.
     *
     * @param size entries
     * @return bytes
     */
    public static long descriptorTableBytes(int size) {
        return (long) DESCRIPTOR_BYTES * size;
    }

    /**
     * Returns the bytes of the driver area (available ring).
     *
     * @param size     entries
     * @param features negotiated
     * @return bytes
     */
    public static long driverAreaBytes(int size, long features) {
        return usedEvent(size) + eventBytes(features);
    }

    /**
     * Returns the bytes of the device area (used ring).
     *
     * @param size     entries
     * @param features negotiated
     * @return bytes
     */
    public static long deviceAreaBytes(int size, long features) {
        return availEvent(size) + eventBytes(features);
    }

    /** Returns the offset of {@code used_event} in the driver area. */
    static long usedEvent(int size) {
        return RING + 2L * size;
    }

    /** Returns the offset of {@code avail_event} in the device area. */
    static long availEvent(int size) {
        return RING + 8L * size;
    }

    private static int eventBytes(long features) {
        return VirtioConfig.has(features, VIRTIO_RING_F_EVENT_IDX) ? Short.BYTES : 0;
    }
}
