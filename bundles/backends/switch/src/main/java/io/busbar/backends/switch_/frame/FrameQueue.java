package io.busbar.backends.switch_.frame;

import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/**
 * A bounded queue of frames in private memory, from many threads to one. A record is a header of
 * {@link io.busbar.api.backend.NetBackend#HEADER_BYTES} bytes and the frame right after it, never torn at the end of the
 * memory. No method but the constructor and {@link #close} allocates, locks or waits.
 *
 * <pre>
 *  | record      | record  | free ...                    | record   |   memory, in granules of 64 bytes
 *  | s . . .     | s . .   |                             | s . .    |   one stamp of 8 bytes for each granule
 *    ^ head                  ^ tail
 * </pre>
 *
 * <p>A producer reserves a record by moving the tail, writes it, and then writes the stamp of its first granule: position,
 * length, and whether it is a frame. Positions only grow, so a stamp of an earlier lap is never taken for one of this lap;
 * and no producer can write stamps by what is in a frame.
 *
 * <p>Threads: {@link #reserve}, {@link #commit}, {@link #abandon}, {@link #expectRoom} from any; {@link #next},
 * {@link #taken} and the record that they are about by the one consumer; {@link #look} by one more. What is reserved must
 * be committed or abandoned, whatever happens: what comes after it waits.
 *
 * <p>Wake-ups, both in the way of Dekker: who is to wait stores that it does, and looks again; who makes it go on stores
 * what it did, and looks whether somebody waits.
 */
public final class FrameQueue implements WaitingFrame, AutoCloseable {

    /** Returned by {@link #reserve}: there is no room now. */
    public static final long FULL = -1;

    /** Returned by {@link #reserve}: there will be no room any more. */
    public static final long CLOSED = -2;

    /** Bytes of a record at the most. */
    public static final int MAX_RECORD = (1 << 17) - 1;

    private static final int GRANULE_SHIFT = 6;
    private static final int GRANULE = 1 << GRANULE_SHIFT;

    private static final int LEAST_BYTES = 4096;

    /** What is free again before a producer that found no room is told: one quarter. */
    private static final int ROOM_SHIFT = 2;

    private static final int BYTES_BITS = 17;
    private static final long BYTES_MASK = MAX_RECORD;
    private static final long WRITTEN = 1L << BYTES_BITS;
    private static final long ABANDONED = 1L << BYTES_BITS + 1;
    private static final int POSITION_SHIFT = BYTES_BITS + 2;
    private static final long CLOSED_BIT = Long.MIN_VALUE;

    /** Longs between the words of different threads, so that they share no cache line. */
    private static final int APART = 16;
    private static final int TAIL = APART;
    private static final int HEAD = 2 * APART;
    private static final int WORDS = 3 * APART;

    private static final long CLOSE_NANOS = 1_000_000_000;
    private static final long PAUSE_NANOS = 100_000;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle STAMP = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle WAITING;

    static {
        try {
            WAITING = MethodHandles.lookup().findVarHandle(FrameQueue.class, "waiting", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Who is told of a ring. Each is called from any thread, and must neither block nor allocate. */
    public interface Listener {

        /** A record waits, after the consumer was told that none does. */
        void readable();

        /** There is room, after a producer was told that there is none. */
        void roomy();
    }

    private final Mapping mapping;
    private final MemorySegment memory;
    private final long stamps;
    private final long granules;
    private final long mask;
    private final Listener listener;
    private final long[] words = new long[WORDS];

    /** The consumer has found nothing, and is to be told. */
    private volatile boolean waiting;

    /** A producer has found no room. */
    private volatile boolean congested;

    /** It had no room for so long that nobody waits for it any more. */
    private volatile boolean stalled;

    /** Of the record at hand; the consumer's own. */
    private long offset;
    private int length;

    /** Where the consumer was when it was looked at, and how often since; of who looks. */
    private long headSeen;
    private int looksSince;

    /**
     * Makes a ring. Its memory costs nothing until frames are in it.
     *
     * @param bytes    of memory, a power of two, 4096 and up; at least twice the longest record, so that it ever fits
     * @param listener who is told
     * @throws LinuxException if there is no memory
     */
    public FrameQueue(int bytes, Listener listener) throws LinuxException {
        if (Integer.bitCount(bytes) != 1 || bytes < LEAST_BYTES) {
            throw new IllegalArgumentException(
                    "ring of " + bytes + " bytes: expected a power of two, " + LEAST_BYTES + " and up");
        }
        this.listener = Objects.requireNonNull(listener, "listener");
        granules = bytes >>> GRANULE_SHIFT;
        mask = granules - 1;
        stamps = bytes;
        mapping = Mapping.anonymous(bytes + granules * Long.BYTES);
        memory = mapping.segment();
    }

    // Producers

    /**
     * Reserves a record.
     *
     * @param bytes of header and frame, 1 to {@link #MAX_RECORD}
     * @return its position, for {@link #offset(long)}, {@link #commit} or {@link #abandon}; or {@link #FULL},
     *         {@link #CLOSED}
     */
    public long reserve(int bytes) {
        long wanted = granulesOf(bytes);
        while (true) {
            long tail = (long) WORD.getAcquire(words, TAIL);
            if (tail < 0) {
                return CLOSED;
            }
            long toEnd = granules - (tail & mask);
            long skipped = wanted > toEnd ? toEnd : 0;
            long next = tail + skipped + wanted;
            // Pairs with the release in taken: the consumer has read what this record will overwrite.
            if (next - (long) WORD.getAcquire(words, HEAD) > granules) {
                return FULL;
            }
            if (WORD.compareAndSet(words, TAIL, tail, next)) {
                if (skipped > 0) {
                    stamp(tail, ABANDONED | skipped << GRANULE_SHIFT);
                }
                return tail + skipped;
            }
        }
    }

    /** Returns the memory, in which records lie at {@link #offset(long)}. */
    @Override
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Returns where a reserved record begins in the memory.
     *
     * @param position what {@link #reserve} returned
     */
    public long offset(long position) {
        return (position & mask) << GRANULE_SHIFT;
    }

    /**
     * The record is written.
     *
     * @param position what {@link #reserve} returned
     * @param bytes    as many as were reserved
     */
    public void commit(long position, int bytes) {
        stamp(position, WRITTEN | bytes);
    }

    /**
     * The record is not to be read.
     *
     * @param position what {@link #reserve} returned
     * @param bytes    as many as were reserved
     */
    public void abandon(long position, int bytes) {
        stamp(position, ABANDONED | bytes);
    }

    private void stamp(long position, long what) {
        // Volatile, as is the read behind it: pairs with the consumer, which stores that it waits and reads the stamp.
        STAMP.setVolatile(memory, stampOf(position), position << POSITION_SHIFT | what);
        if (waiting && WAITING.compareAndSet(this, true, false)) {
            listener.readable();
        }
    }

    /**
     * Asks to be told of room, after {@link #reserve} found none. The caller has made sure before that
     * {@link Listener#roomy} reaches it, and tries once more afterwards.
     */
    public void expectRoom() {
        congested = true;
    }

    /** Returns whether it is not worth waiting for room: the consumer has not gone on for long. */
    public boolean isStalled() {
        return stalled;
    }

    // The consumer

    /**
     * Goes to the first record.
     *
     * @return whether there is one; if not, the listener is told of the next
     */
    public boolean next() {
        while (true) {
            long head = words[HEAD];
            long stamp = (long) STAMP.getAcquire(memory, stampOf(head));
            if (!isOf(stamp, head)) {
                if (isEmptyStill(head)) {
                    return false;
                }
            } else if ((stamp & WRITTEN) != 0) {
                if (waiting) {
                    waiting = false;
                }
                offset = (head & mask) << GRANULE_SHIFT;
                length = (int) (stamp & BYTES_MASK);
                return true;
            } else {
                advance(head, stamp & BYTES_MASK);
            }
        }
    }

    private boolean isEmptyStill(long head) {
        if (!waiting) {
            waiting = true;
            // Volatile: pairs with stamp, which stores the stamp and reads whether somebody waits.
            if (isOf((long) STAMP.getVolatile(memory, stampOf(head)), head)) {
                waiting = false;
                return false;
            }
        }
        if (congested) {
            relieve();
        }
        return true;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int length() {
        return length;
    }

    /** The record at hand is done with. */
    public void taken() {
        advance(words[HEAD], length);
    }

    private void advance(long head, long bytes) {
        WORD.setRelease(words, HEAD, head + granulesOf(bytes));
        // Without a fence before this read a producer may be missed here; one that is, is met at the end or by look.
        if (congested) {
            relieve();
        }
    }

    private void relieve() {
        if (hasRoom()) {
            stalled = false;
            congested = false;
            listener.roomy();
        }
    }

    private boolean hasRoom() {
        long tail = (long) WORD.getAcquire(words, TAIL) & ~CLOSED_BIT;
        return granules - (tail - (long) WORD.getAcquire(words, HEAD)) >= granules >>> ROOM_SHIFT;
    }

    // Who looks after it

    /**
     * Looks whether the consumer of a ring that had no room goes on; one thread, at regular times.
     *
     * @param patience how many looks without any progress make the ring one that nobody waits for
     * @return whether those who wait should try again: the ring is one now
     */
    public boolean look(int patience) {
        if (!congested) {
            looksSince = 0;
            return false;
        }
        if (hasRoom()) {
            relieve();
            return false;
        }
        long head = (long) WORD.getAcquire(words, HEAD);
        if (head != headSeen) {
            headSeen = head;
            looksSince = 0;
            return false;
        }
        looksSince++;
        if (looksSince < patience || stalled) {
            return false;
        }
        stalled = true;
        return true;
    }

    /**
     * Lets go of the memory, once no producer writes to it any more; a producer that comes later finds it
     * {@link #CLOSED}. The consumer has stopped.
     */
    @Override
    public void close() {
        long end = (long) WORD.getAndBitwiseOr(words, TAIL, CLOSED_BIT);
        if (end < 0) {
            return;
        }
        long deadline = System.nanoTime() + CLOSE_NANOS;
        long position = (long) WORD.getAcquire(words, HEAD);
        while (position < end) {
            long stamp = (long) STAMP.getAcquire(memory, stampOf(position));
            if (isOf(stamp, position)) {
                position += granulesOf(stamp & BYTES_MASK);
            } else if (System.nanoTime() - deadline > 0) {
                // A thread that hangs in the middle of a frame: memory that it may write to is not taken away.
                return;
            } else {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        mapping.close();
    }

    /** Whether a stamp is that of the record at a position; memory that was never written has none, not even at 0. */
    private static boolean isOf(long stamp, long position) {
        return stamp >>> POSITION_SHIFT == position && (stamp & (WRITTEN | ABANDONED)) != 0;
    }

    private long stampOf(long position) {
        return stamps + (position & mask) * Long.BYTES;
    }

    private static long granulesOf(long bytes) {
        return bytes + GRANULE - 1 >>> GRANULE_SHIFT;
    }
}
