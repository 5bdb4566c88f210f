package io.busbar.devices.console;

import io.busbar.api.memory.Payload;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
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
    /** It was handed over: what would be typed now would reach nobody. */
    private volatile boolean handedOver;

    /**
     * Takes what is typed.
     *
     * @return bytes taken
     */
    synchronized int type(byte[] source, int offset, int length) {
        long at = typed;
        int count = handedOver ? 0 : (int) Math.min(length, CAPACITY - (at - drained));
        for (int i = 0; i < count; i++) {
            bytes[index(at + i)] = source[offset + i];
        }
        typed = at + count;
        return count;
    }

    /** Writes what waits, and takes no more; nobody drains. */
    synchronized void save(DataOutput to) throws IOException {
        handedOver = true;
        int length = (int) (typed - drained);
        to.writeInt(length);
        for (long at = drained; at < typed; at++) {
            to.writeByte(bytes[index(at)]);
        }
    }

    /** Reads what {@link #save} wrote, into an empty one. */
    synchronized void restore(DataInput from) throws IOException {
        byte[] waiting = StateRecord.bytes(from, CAPACITY);
        type(waiting, 0, waiting.length);
    }

    /** It was not handed over after all. */
    void goOn() {
        handedOver = false;
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
        goOn();
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
