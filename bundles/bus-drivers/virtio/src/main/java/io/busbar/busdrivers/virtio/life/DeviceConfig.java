package io.busbar.busdrivers.virtio.life;

import io.busbar.api.vdpa.VdpaConfigOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A configuration as it was at one moment (virtio 1.2, 2.5.1: read again until the generation before and after is the
 * same). Fields are little-endian; those past its end are 0.
 */
public final class DeviceConfig {

    /** Most attempts with a device whose configuration does not come to rest. */
    private static final int ATTEMPTS = 100;
    private static final int LEAST_BYTES = 256;

    private final ByteBuffer bytes;

    private DeviceConfig(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads it. */
    static DeviceConfig read(VdpaConfigOps ops) {
        byte[] bytes = new byte[Math.max(LEAST_BYTES, ops.getConfigSize())];
        int before;
        int attempts = 0;
        do {
            before = ops.getGeneration();
            ops.getConfig(0, bytes);
        } while (before != ops.getGeneration() && ++attempts < ATTEMPTS);
        return new DeviceConfig(bytes);
    }

    /**
     * Returns a field of one byte.
     *
     * @param offset of the field
     */
    public int u8(int offset) {
        return Byte.toUnsignedInt(bytes.get(offset));
    }

    /**
     * Returns a field of two bytes.
     *
     * @param offset of the field
     */
    public int u16(int offset) {
        return Short.toUnsignedInt(bytes.getShort(offset));
    }

    /**
     * Returns a field of four bytes.
     *
     * @param offset of the field
     */
    public long u32(int offset) {
        return Integer.toUnsignedLong(bytes.getInt(offset));
    }

    /**
     * Returns a field of eight bytes.
     *
     * @param offset of the field
     */
    public long u64(int offset) {
        return bytes.getLong(offset);
    }
}
