package io.busbar.busdrivers.virtio.life;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Buffers of one size in shared memory, by number. */
public final class Buffers {

    private static final int ALIGNMENT = 64;

    private final long[] iova;
    private final ByteBuffer[] views;
    private final int bytes;

    /**
     * Allocates them.
     *
     * @param memory shared
     * @param count  how many
     * @param bytes  of each
     */
    public Buffers(SharedMemory memory, int count, int bytes) {
        this.bytes = bytes;
        iova = new long[count];
        views = new ByteBuffer[count];
        long stride = stride(bytes);
        long base = memory.allocate(count * stride, ALIGNMENT);
        for (int i = 0; i < count; i++) {
            iova[i] = memory.iova(base + i * stride);
            views[i] = memory.segment().asSlice(base + i * stride, bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private static long stride(int bytes) {
        return (long) bytes + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /**
     * Returns the memory that buffers take, with what their alignment costs.
     *
     * @param count how many
     * @param bytes of each
     */
    public static long bytes(int count, int bytes) {
        return count * stride(bytes) + ALIGNMENT;
    }

    /** Returns how many there are. */
    public int count() {
        return iova.length;
    }

    /** Returns the bytes of each. */
    public int bytes() {
        return bytes;
    }

    /** Returns where the device finds one. */
    long iova(int number) {
        return iova[number];
    }

    /** Returns one as little-endian bytes, the same object each time, with position and limit as they were left. */
    public ByteBuffer view(int number) {
        return views[number];
    }
}
