package io.busbar.core.virtio;

/**
 * Status bits (virtio 1.2, 2.1) and the feature bits that every device type shares (virtio 1.2, 6;
 * {@code virtio_config.h}, {@code virtio_ring.h}).
 *
 * <p>Feature constants are bit numbers, as in the headers; {@link #bit(int)} makes the mask.
 */
public final class VirtioConfig {

    /** The driver has found the device. */
    public static final int VIRTIO_CONFIG_S_ACKNOWLEDGE = 1;

    /** The driver knows how to drive the device. */
    public static final int VIRTIO_CONFIG_S_DRIVER = 2;

    /** The driver is set up: the device is live. */
    public static final int VIRTIO_CONFIG_S_DRIVER_OK = 4;

    /** The driver has settled the features; the device leaves it clear to refuse them. */
    public static final int VIRTIO_CONFIG_S_FEATURES_OK = 8;

    /** The device cannot go on without a reset; set by the device. */
    public static final int VIRTIO_CONFIG_S_NEEDS_RESET = 0x40;

    /** The driver has given up on the device. */
    public static final int VIRTIO_CONFIG_S_FAILED = 0x80;

    /** Legacy: the device calls when the available ring runs empty, even if told not to. Not offered by Busbar. */
    public static final int VIRTIO_F_NOTIFY_ON_EMPTY = 24;

    /** Legacy: any framing of messages into descriptors; implied by {@link #VIRTIO_F_VERSION_1}. */
    public static final int VIRTIO_F_ANY_LAYOUT = 27;

    /** Indirect descriptor tables (virtio 1.2, 2.7.5.3). */
    public static final int VIRTIO_RING_F_INDIRECT_DESC = 28;

    /** {@code used_event} and {@code avail_event} (virtio 1.2, 2.7.7 and 2.7.10). */
    public static final int VIRTIO_RING_F_EVENT_IDX = 29;

    /** Not a legacy device. */
    public static final int VIRTIO_F_VERSION_1 = 32;

    /** DMA of the device is translated or limited by the platform. */
    public static final int VIRTIO_F_ACCESS_PLATFORM = 33;

    /** The packed ring layout (virtio 1.2, 2.8). */
    public static final int VIRTIO_F_RING_PACKED = 34;

    /** Buffers are used in the order in which they were made available (virtio 1.2, 2.7.9). */
    public static final int VIRTIO_F_IN_ORDER = 35;

    /** Memory accesses are ordered as the platform describes. */
    public static final int VIRTIO_F_ORDER_PLATFORM = 36;

    /** Single root I/O virtualisation. */
    public static final int VIRTIO_F_SR_IOV = 37;

    /** Kicks carry the ring position. */
    public static final int VIRTIO_F_NOTIFICATION_DATA = 38;

    /** Kicks carry a value that the device chose. */
    public static final int VIRTIO_F_NOTIF_CONFIG_DATA = 39;

    /** A single queue can be reset. */
    public static final int VIRTIO_F_RING_RESET = 40;

    private VirtioConfig() {
    }

    /**
     * Makes the mask of a feature.
     *
     * @param feature bit number, 0 to 63
     * @return the 64-bit word with that bit alone
     */
    public static long bit(int feature) {
        return 1L << feature;
    }

    /**
     * Tells whether a feature is in a set.
     *
     * @param features the set
     * @param feature  bit number, 0 to 63
     * @return whether it is
     */
    public static boolean has(long features, int feature) {
        return (features >>> feature & 1) != 0;
    }
}
