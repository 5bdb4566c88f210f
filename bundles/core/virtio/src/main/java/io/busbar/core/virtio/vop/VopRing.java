package io.busbar.core.virtio.vop;

import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.SplitLayout;

/**
 * How a ring lies in the two memories. The host has one buffer: descriptor table, available ring, room of a used ring that nobody
 * uses, and {@code struct _mic_vring_info}, by which the card sees that it has found it. The card has the used ring.
 *
 * <pre>
 *  host:  0 descriptors:16*n   16*n available   align 4096: (used)   align 4: avail_idx:2 pad:2 magic:4
 *  card:  0 used
 * </pre>
 */
public final class VopRing {

    /** Alignment of the used ring in the host's buffer ({@code MIC_VIRTIO_RING_ALIGN}). */
    public static final int ALIGN = 4096;

    /** Bytes of {@code struct _mic_vring_info}. */
    public static final int INFO_BYTES = 8;

    /** In that structure: the available index as far as the host has got, u16. */
    public static final int INFO_AVAIL_IDX = 0;

    /** In that structure: {@link #magic}, u32. */
    public static final int INFO_MAGIC = 4;

    /** Used rings have the word of EVENT_IDX in any case, in both memories. */
    private static final long WITH_EVENTS = 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;

    private VopRing() {
    }

    /** Returns the offset of the available ring in the host's buffer. */
    public static int availOffset(int size) {
        return (int) SplitLayout.descriptorTableBytes(size);
    }

    /** Returns the bytes of descriptor table, available ring and used ring ({@code vring_size(size, 4096)}). */
    public static int ringBytes(int size) {
        return roundUp(availOffset(size) + (int) SplitLayout.driverAreaBytes(size, WITH_EVENTS), ALIGN)
                + (int) SplitLayout.deviceAreaBytes(size, WITH_EVENTS);
    }

    /** Returns the offset of {@code struct _mic_vring_info} in the host's buffer. */
    public static int infoOffset(int size) {
        return roundUp(ringBytes(size), Integer.BYTES);
    }

    /** Returns the bytes of the host's buffer. */
    public static int hostBytes(int size) {
        return roundUp(infoOffset(size) + INFO_BYTES, ALIGN);
    }

    /** Returns the bytes of the used ring in the card's memory. */
    public static int usedBytes(int size) {
        return roundUp((int) SplitLayout.deviceAreaBytes(size, WITH_EVENTS), ALIGN);
    }

    /**
     * Returns the magic number of a ring.
     *
     * @param type  virtio device id
     * @param queue index
     */
    public static int magic(int type, int queue) {
        return BootParam.MAGIC + type + queue;
    }

    private static int roundUp(int value, int granule) {
        return value + granule - 1 & -granule;
    }
}
