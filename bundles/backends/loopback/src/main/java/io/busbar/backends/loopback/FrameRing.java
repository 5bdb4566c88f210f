package io.busbar.backends.loopback;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.memory.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Frames on their way from one thread to another, one behind the other in a ring of bytes.
 *
 * <p>Assumptions: one thread puts frames in, one takes them out. Guarantees: frames come out in order, as they were put
 * in, each once; who was told that there is nothing, or no room, is told when that has changed and the other thread says that
 * it is done for now ({@link #putDone}, {@link #takenDone}). Progress: wait-free.
 *
 * <p>A record: its length as a long, then header and frame; the next begins at a multiple of 8. A record that does not fit
 * before the end of the memory begins at its start, and {@link #SKIP} stands where it would have begun. Positions are
 * counted without end. Whenever the ring is empty, what is put next begins at the start of the memory, which is still in the
 * processor's cache if few frames are on their way at a time.
 */
final class FrameRing implements WaitingFrame {

    private static final VarHandle TAIL;
    private static final VarHandle HEAD;
    private static final VarHandle TAKER_WAITS;
    private static final VarHandle PUTTER_WAITS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            TAIL = lookup.findVarHandle(FrameRing.class, "tail", long.class);
            HEAD = lookup.findVarHandle(FrameRing.class, "head", long.class);
            TAKER_WAITS = lookup.findVarHandle(FrameRing.class, "takerWaits", boolean.class);
            PUTTER_WAITS = lookup.findVarHandle(FrameRing.class, "putterWaits", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int PREFIX = Long.BYTES;
    private static final long SKIP = -1;

    private final MemorySegment memory;
    private final long capacity;
    private final Runnable readable;
    private final Runnable writable;

    /** Written by the thread that puts. */
    private long tail;
    /**
     * The position that lies at the start of the memory. Written by the thread that puts, while the ring is empty: so what the other
     * thread does with it lies before the release of {@link #taken}, or behind the acquire of {@link #isEmpty}.
     */
    private long origin;
    /** Written by the thread that takes. */
    private long head;
    private boolean takerWaits = true;
    private boolean putterWaits;

    /** The record that was peeked; for the thread that takes. */
    private boolean peeked;
    private long offset;
    private int length;

    /**
     * Makes an empty ring.
     *
     * @param bytes    room, rounded up to a power of two
     * @param readable told that there is a frame, after {@link #peek} had none
     * @param writable told that there is room, after {@link #put} had none
     */
    FrameRing(long bytes, Runnable readable, Runnable writable) {
        this.capacity = Long.highestOneBit(2 * bytes - 1);
        this.memory = Arena.ofAuto().allocate(capacity, PREFIX);
        this.readable = readable;
        this.writable = writable;
    }

    /** Puts a frame in; returns false if there is no room now. A frame whose memory is gone is dropped. */
    boolean put(NetFrame frame) {
        Payload data = frame.data();
        long bytes = NetBackend.HEADER_BYTES + data.remaining();
        long at = reserve(bytes);
        if (at < 0) {
            return false;
        }
        long place = place(at);
        MemorySegment.copy(frame.header(), 0, memory, place + PREFIX, NetBackend.HEADER_BYTES);
        long wanted = data.remaining();
        if (data.copyTo(memory, place + PREFIX + NetBackend.HEADER_BYTES, wanted) == wanted) {
            memory.set(ValueLayout.JAVA_LONG, place, bytes);
            TAIL.setRelease(this, at + size(bytes)); // Pairs with the acquire of isEmpty.
        }
        return true;
    }

    /** Returns where a record can begin, or -1. */
    private long reserve(long bytes) {
        long from = tail;
        long taken = (long) HEAD.getAcquire(this);
        if (taken == from) {
            origin = from;
        }
        long toEnd = capacity - place(from);
        boolean skips = size(bytes) > toEnd;
        long end = from + (skips ? toEnd : 0) + size(bytes);
        if (end - taken > capacity && !waitForRoom(end)) {
            return -1;
        }
        if (skips) {
            memory.set(ValueLayout.JAVA_LONG, place(from), SKIP);
            return from + toEnd;
        }
        return from;
    }

    /** Says that it waits, and looks once more: the full fence pairs with that of {@link #takenDone}. */
    private boolean waitForRoom(long end) {
        PUTTER_WAITS.setOpaque(this, true);
        VarHandle.fullFence();
        if (end - (long) HEAD.getAcquire(this) > capacity) {
            return false;
        }
        PUTTER_WAITS.setOpaque(this, false);
        return true;
    }

    /** What was put in is told of. One full fence for all of it, which pairs with that of {@link #peek}. */
    void putDone() {
        VarHandle.fullFence();
        if ((boolean) TAKER_WAITS.getOpaque(this)) {
            TAKER_WAITS.setOpaque(this, false);
            readable.run();
        }
    }

    /** Returns the first frame, or null. */
    WaitingFrame peek() {
        if (peeked) {
            return this;
        }
        if (isEmpty()) {
            TAKER_WAITS.setOpaque(this, true);
            VarHandle.fullFence();
            if (isEmpty()) {
                return null;
            }
            TAKER_WAITS.setOpaque(this, false);
        }
        long place = place(head);
        if (memory.get(ValueLayout.JAVA_LONG, place) == SKIP) {
            // Only ever published together with the record behind it.
            HEAD.setRelease(this, head + capacity - place);
            place = 0;
        }
        offset = place + PREFIX;
        length = (int) memory.get(ValueLayout.JAVA_LONG, place);
        peeked = true;
        return this;
    }

    private boolean isEmpty() {
        return head == (long) TAIL.getAcquire(this);
    }

    /** The frame that was peeked is done with. The release pairs with the acquire of {@link #reserve}. */
    void taken() {
        peeked = false;
        HEAD.setRelease(this, head + size(length));
    }

    /** The room that was made is told of. One full fence for all of it, which pairs with that of {@link #waitForRoom}. */
    void takenDone() {
        VarHandle.fullFence();
        if ((boolean) PUTTER_WAITS.getOpaque(this)) {
            PUTTER_WAITS.setOpaque(this, false);
            writable.run();
        }
    }

    /** Forgets all frames, while neither thread is at work. */
    void clear() {
        head = tail;
        peeked = false;
        takerWaits = true;
        putterWaits = false;
    }

    private long place(long position) {
        return position - origin & capacity - 1;
    }

    private static long size(long bytes) {
        return PREFIX + bytes + PREFIX - 1 & -PREFIX;
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int length() {
        return length;
    }
}
