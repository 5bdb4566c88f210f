package io.busbar.devices.console;

import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;

/**
 * Bytes that viewers have typed and the driver has not read.
 *
 * <p>Assumptions: one thread at a time drains. Guarantees: order; nothing is lost: what there is no room for is not taken.
 * Progress: draining is wait-free; who types waits for others who type.
 */
final class Typed {

    private static final int CAPACITY = 4096;

    private final byte[] bytes = new byte[CAPACITY];
    private final MemorySegment segment = MemorySegment.ofArray(bytes);
    private volatile long drained;
    private volatile long typed;

    /**
     * Takes what is typed.
     *
     * @return bytes taken
     */
    synchronized int type(byte[] source, int offset, int length) {
        long at = typed;
        int count = (int) Math.min(length, CAPACITY - (at - drained));
        for (int i = 0; i < count; i++) {
            bytes[index(at + i)] = source[offset + i];
        }
        typed = at + count;
        return count;
    }

    boolean isEmpty() {
        return typed == drained;
    }

    /**
     * Moves bytes to the driver.
     *
     * @return bytes moved, or a negated errno of the driver's memory
     */
    long drainTo(Payload into) {
        long done = 0;
        while (!isEmpty() && into.remaining() > 0) {
            long at = drained;
            long step = Math.min(typed - at, CAPACITY - index(at));
            long copied = into.copyFrom(segment, index(at), step);
            if (copied <= 0) {
                return done > 0 ? done : copied;
            }
            drained = at + copied;
            done += copied;
        }
        return done;
    }

    private static int index(long position) {
        return (int) (position & CAPACITY - 1);
    }
}
