package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The requests of an io_uring that we write and the kernel reads.
 *
 * <pre>
 *  struct io_uring_sqe, 64 bytes
 *   0 opcode (8 bits, then flags and priority: 0)   4 fd   8 offset   16 address   24 length
 *  28 flags of the operation   32 user data   40 to 63: 0
 * </pre>
 */
final class SubmissionQueue {
    static final int SQE_BYTES = 64;

    private static final int TASKRUN = 1 << 2;

    private static final VarHandle INT = JAVA_INT.varHandle();

    private final MemorySegment ring;
    private final MemorySegment sqes;
    private final int headOffset;
    private final int tailOffset;
    private final int flagsOffset;
    private final int entries;
    private final int mask;
    /** Our tail: entries before it are written, those before the ring's tail are published. */
    private int tail;

    SubmissionQueue(MemorySegment ring, MemorySegment sqes, RingLayout layout) {
        this.ring = ring;
        this.sqes = sqes;
        this.headOffset = layout.sqHead();
        this.tailOffset = layout.sqTail();
        this.flagsOffset = layout.sqFlags();
        this.entries = layout.sqEntries();
        this.mask = entries - 1;
        this.tail = ring.get(JAVA_INT, tailOffset);
        for (int i = 0; i < entries; i++) {
            ring.set(JAVA_INT, layout.sqArray() + (long) i * Integer.BYTES, i);
        }
    }

    boolean add(int opcode, int fd, long offset, long address, int length, int operationFlags, long userData) {
        if (pending() == entries) {
            return false;
        }
        long sqe = (long) (tail & mask) * SQE_BYTES;
        sqes.set(JAVA_LONG, sqe, opcode | (long) fd << Integer.SIZE);
        sqes.set(JAVA_LONG, sqe + 8, offset);
        sqes.set(JAVA_LONG, sqe + 16, address);
        sqes.set(JAVA_LONG, sqe + 24, length & 0xffff_ffffL | (long) operationFlags << Integer.SIZE);
        sqes.set(JAVA_LONG, sqe + 32, userData);
        sqes.set(JAVA_LONG, sqe + 40, 0);
        sqes.set(JAVA_LONG, sqe + 48, 0);
        sqes.set(JAVA_LONG, sqe + 56, 0);
        tail++;
        return true;
    }

    /** Entries that the kernel has not taken yet. The kernel moves the head only inside our own system call. */
    int pending() {
        return tail - (int) INT.getAcquire(ring, (long) headOffset);
    }

    /**
     * Whether the kernel has results that it will write down when it is asked. Pairs with the kernel's barrier between its
     * store of this flag and its load of the completion queue's flags.
     */
    boolean hasDeferred() {
        return ((int) INT.getAcquire(ring, (long) flagsOffset) & TASKRUN) != 0;
    }

    /** Makes what was added visible: pairs with the kernel's load-acquire of the tail in io_uring_enter. */
    void publish() {
        INT.setRelease(ring, (long) tailOffset, tail);
    }

    /** Takes back what the kernel has not taken; how many. */
    int withdraw() {
        int count = pending();
        tail -= count;
        publish();
        return count;
    }
}
