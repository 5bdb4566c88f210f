package io.busbar.drivers.vhostuser;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A copy of a device's configuration: little-endian (virtio 1.2, 2.5); what is behind its end is 0. */
final class ConfigBytes {

    private final ByteBuffer bytes;

    /** Takes over the bytes. */
    ConfigBytes(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    int size() {
        return bytes.capacity();
    }

    int u16(int offset) {
        return offset + Short.BYTES <= size() ? Short.toUnsignedInt(bytes.getShort(offset)) : 0;
    }

    void u16(int offset, int value) {
        bytes.putShort(offset, (short) value);
    }

    long u32(int offset) {
        return offset + Integer.BYTES <= size() ? Integer.toUnsignedLong(bytes.getInt(offset)) : 0;
    }

    long u64(int offset) {
        return offset + Long.BYTES <= size() ? bytes.getLong(offset) : 0;
    }

    int u8(int offset) {
        return offset < size() ? Byte.toUnsignedInt(bytes.get(offset)) : 0;
    }

    /** Copies from an offset on; what is behind the end is 0. */
    void read(int offset, byte[] target) {
        int there = Math.clamp((long) size() - offset, 0, target.length);
        if (there > 0) {
            System.arraycopy(bytes.array(), offset, target, 0, there);
        }
        Arrays.fill(target, there, target.length, (byte) 0);
    }

    boolean sameAs(ConfigBytes other) {
        return bytes.equals(other.bytes);
    }
}
