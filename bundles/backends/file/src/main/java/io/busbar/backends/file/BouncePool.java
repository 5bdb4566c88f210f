package io.busbar.backends.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/** Aligned buffers for transfers that cannot use the driver's own. Kept for the next one; any thread. */
final class BouncePool {

    private static final long BYTES = 1 << 20;
    private static final int LEAST_ALIGNMENT = 4096;

    private final int alignment;
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();

    BouncePool(int alignment) {
        this.alignment = Math.max(LEAST_ALIGNMENT, alignment);
    }

    synchronized MemorySegment take() {
        MemorySegment buffer = free.poll();
        return buffer == null ? Arena.ofAuto().allocate(BYTES, alignment) : buffer;
    }

    synchronized void give(MemorySegment buffer) {
        free.push(buffer);
    }
}
