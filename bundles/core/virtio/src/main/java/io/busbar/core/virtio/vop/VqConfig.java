package io.busbar.core.virtio.vop;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One queue of an entry ({@code struct mic_vqconfig}).
 *
 * <pre>
 *  0 address:8   8 used_address:8   16 num:2   18 pad:6
 * </pre>
 *
 * @param address     where the card finds the host's part of the ring; see {@link VopRing}
 * @param usedAddress where the host finds the used ring in the card's memory; 0 before the card has said
 * @param size        entries, a power of two, 1 to {@link #MAX_ENTRIES}
 */
public record VqConfig(long address, long usedAddress, int size) {

    /** The most entries ({@code MIC_MAX_VRING_ENTRIES}): table and available ring are one page then. */
    public static final int MAX_ENTRIES = 128;

    /** Bytes. */
    public static final int BYTES = 24;

    /** Offset of {@link #usedAddress}, which the card writes. */
    public static final int USED_ADDRESS = 8;

    /**
     * Reads it.
     *
     * @param bytes  of a page
     * @param offset of the structure in them
     */
    public static VqConfig decode(byte[] bytes, int offset) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new VqConfig(in.getLong(offset), in.getLong(offset + USED_ADDRESS), Short.toUnsignedInt(in.getShort(offset + 16)));
    }

    void encode(ByteBuffer target) {
        target.putLong(address).putLong(usedAddress).putShort((short) size).put(new byte[6]);
    }
}
