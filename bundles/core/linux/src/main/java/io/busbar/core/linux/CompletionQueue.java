package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** The results of an io_uring that the kernel writes and we read: 0 user data, 8 result, 12 flags. */
final class CompletionQueue {
    private static final VarHandle INT = JAVA_INT.varHandle();
    private static final int EVENTFD_DISABLED = 1;

    private final MemorySegment ring;
    private final int headOffset;
    private final int tailOffset;
    private final int flagsOffset;
    private final int cqes;
    private final int mask;
    private int head;

    CompletionQueue(MemorySegment ring, RingLayout layout) {
        this.ring = ring;
        this.headOffset = layout.cqHead();
        this.tailOffset = layout.cqTail();
        this.flagsOffset = layout.cqFlags();
        this.cqes = layout.cqes();
        this.mask = layout.cqEntries() - 1;
        this.head = ring.get(JAVA_INT, headOffset);
    }

    /** How many results are there. Pairs with the kernel's store-release of the tail after it wrote the entries. */
    int available() {
        return (int) INT.getAcquire(ring, (long) tailOffset) - head;
    }

    long userData() {
        return ring.get(JAVA_LONG, entry());
    }

    int result() {
        return ring.get(JAVA_INT, entry() + 8);
    }

    /** Gives the first entry back: pairs with the kernel's load of the head before it writes there again. */
    void advance() {
        head++;
        INT.setRelease(ring, (long) headOffset, head);
    }

    /**
     * Store-load: what is looked at after switching on is looked at after the switch. Pairs with the kernel's barrier
     * between its store of the tail and its load of the flags; else both could miss the other.
     */
    void setNotifications(boolean enabled) {
        INT.setRelease(ring, (long) flagsOffset, enabled ? 0 : EVENTFD_DISABLED);
        if (enabled) {
            VarHandle.fullFence();
        }
    }

    private long entry() {
        return cqes + (long) (head & mask) * RingLayout.CQE_BYTES;
    }
}
