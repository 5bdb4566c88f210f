package io.busbar.core.virtio.ring;

import java.util.Arrays;

/**
 * One descriptor chain as the device sees it: translated and checked. There is one object per head of a queue, filled
 * again each time that head is taken.
 *
 * <p>The buffers are host segments in the order of the chain, device-readable ones first. A segment is at most
 * {@link #MAX_SEGMENT_BYTES} long and never empty; a buffer that spans regions, or is longer, is several segments.
 *
 * <p>The content is stable from {@link DeviceRing#take} to {@link DeviceRing#publish}. Other threads may read it after
 * a safe hand-over; {@link #ticket()} then tells whether it is still the same request.
 */
public final class Chain {

    /** The longest segment: longer buffers are cut. */
    public static final int MAX_SEGMENT_BYTES = 1 << 30;

    /** Segments that a chain has room for from the start, in an array that the chains of a queue share. */
    static final int NEAR_SEGMENTS = 4;

    /** Words of a chain in that array: address and length of each segment. */
    static final int NEAR_WORDS = 2 * NEAR_SEGMENTS;

    static final int IDLE = 0;
    static final int TAKEN = 1;
    static final int STAGED = 2;

    /** Set in a state as well: segments are far, there is a fault, or the chain is so large that sums need care. */
    static final int UNUSUAL = 4;

    final int head;
    int segments;
    int readableSegments;
    long bytes;
    long readableBytes;
    long ticket = -1;
    int state = IDLE;
    DeviceRing ring;

    /** Where the segments are now: address and length of each, from the base on. */
    private long[] words;
    private int base;

    /** Made when the chain is unusual for the first time, and kept: most chains never are, and stay small in caches. */
    private Unusual unusual;

    /** What only unusual chains have. */
    private static final class Unusual {
        private final long[] near;
        private long[] far = {};
        private int fault;
        private int keptReadable;
        private long keptReadableBytes;
        private int segmentsAtHole;
        private long writableBeforeHole;
        private boolean hole;

        Unusual(long[] near) {
            this.near = near;
        }
    }

    Chain(int head, long[] near) {
        this.head = head;
        this.words = near;
        this.base = head * NEAR_WORDS;
    }

    /** Returns the head: what the used element names; 0 to queue size - 1. */
    public int head() {
        return head;
    }

    /**
     * Returns the number of this taking: 0 and up, one more for each chain that its queue takes. It orders chains in
     * flight, and it tells a late completion of an earlier request from one of this request.
     */
    public long ticket() {
        return ticket;
    }

    /** Returns whether the chain was taken and not yet completed. */
    public boolean isTaken() {
        return (state & TAKEN) != 0;
    }

    /**
     * Returns {@link RingFault#NONE}, or what is wrong with the buffers of this chain. A chain with a fault has the
     * readable bytes before the first bad buffer, and all writable segments that are good.
     */
    public int fault() {
        return (state & UNUSUAL) == 0 ? RingFault.NONE : unusual.fault;
    }

    /** Returns the number of all segments. */
    public int segments() {
        return segments;
    }

    /** Returns the number of readable segments, which come first. */
    public int readableSegments() {
        return readableSegments;
    }

    /** Returns the number of writable segments. */
    public int writableSegments() {
        return segments - readableSegments;
    }

    /** Returns the bytes in all readable segments. */
    public long readableBytes() {
        return readableBytes;
    }

    /** Returns the bytes in all writable segments. */
    public long writableBytes() {
        return bytes - readableBytes;
    }

    /**
     * Returns the host address of a segment.
     *
     * @param segment 0 to {@link #segments()} - 1
     * @return the address
     */
    public long address(int segment) {
        return words[base + 2 * segment];
    }

    /**
     * Returns the length of a segment.
     *
     * @param segment 0 to {@link #segments()} - 1
     * @return bytes, 1 to {@link #MAX_SEGMENT_BYTES}
     */
    public int length(int segment) {
        return (int) words[base + 2 * segment + 1];
    }

    /**
     * Returns whether the last writable byte that the driver gave is the last byte of the last segment here: with a
     * fault, whether there is a place for a status.
     */
    public boolean lastByteReachable() {
        return segments > (fault() == RingFault.NONE ? readableSegments : unusual.segmentsAtHole);
    }

    /**
     * Returns the most that a used length may say: the writable bytes before the first that is missing,
     * and what fits into 32 bits.
     */
    public long usedLengthLimit() {
        boolean hole = (state & UNUSUAL) != 0 && unusual.hole;
        return Math.min(hole ? unusual.writableBeforeHole : bytes - readableBytes, 0xffff_ffffL);
    }

    /** Makes the chain one of those that need care. */
    Unusual becomeUnusual() {
        if (unusual == null) {
            unusual = new Unusual(words);
        }
        state |= UNUSUAL;
        return unusual;
    }

    /** Makes an idle chain usual again, before its descriptors are read; false if it is not idle. */
    boolean becomeIdle() {
        if (state != UNUSUAL) {
            return false;
        }
        state = IDLE;
        words = unusual.near;
        base = head * NEAR_WORDS;
        unusual.fault = RingFault.NONE;
        unusual.hole = false;
        return true;
    }

    /** Returns the segments that there is room for far away. */
    int farCapacity() {
        return unusual == null ? 0 : unusual.far.length / 2;
    }

    /** Makes room far away; what is there stays. */
    void resizeFar(int capacity) {
        boolean far = isFar();
        Unusual rest = becomeUnusual();
        rest.far = Arrays.copyOf(rest.far, 2 * capacity);
        if (far) {
            words = rest.far;
        }
    }

    /** Moves on to the far array, which has room. */
    void moveFar() {
        Unusual rest = becomeUnusual();
        System.arraycopy(words, base, rest.far, 0, 2 * segments);
        words = rest.far;
        base = 0;
    }

    boolean isFar() {
        return unusual != null && words == unusual.far;
    }

    /** Returns whether there is no room for one more segment where the chain is now. */
    boolean isFull() {
        return segments == (isFar() ? farCapacity() : NEAR_SEGMENTS);
    }

    /** Adds a segment; the caller has made room. */
    void add(long address, int length) {
        words[base + 2 * segments] = address;
        words[base + 2 * segments + 1] = length;
        segments++;
        bytes += length;
    }

    /** The readable part ends here. */
    void endReadable() {
        readableSegments = segments;
        readableBytes = bytes;
    }

    /** Notes a fault; the first one stays. */
    void note(int code) {
        Unusual rest = becomeUnusual();
        if (rest.fault == RingFault.NONE) {
            rest.fault = code;
            rest.keptReadable = Integer.MAX_VALUE;
            rest.segmentsAtHole = 0;
        }
    }

    /** Notes a readable buffer that is missing at this place. */
    void missingReadable(int code) {
        note(code);
        if (unusual.keptReadable == Integer.MAX_VALUE) {
            unusual.keptReadable = segments;
            unusual.keptReadableBytes = bytes;
        }
    }

    /** Notes a writable buffer that is missing at this place; the readable part has ended. */
    void missingWritable(int code) {
        note(code);
        if (!unusual.hole) {
            unusual.hole = true;
            unusual.writableBeforeHole = bytes - readableBytes;
        }
        unusual.segmentsAtHole = segments;
    }

    /** After the last descriptor of a chain with a fault: drops readable segments that follow a missing one. */
    void dropAfterHole() {
        unusual.segmentsAtHole = Math.max(unusual.segmentsAtHole, readableSegments);
        int kept = unusual.keptReadable;
        int dropped = readableSegments - kept;
        if (dropped <= 0) {
            return;
        }
        System.arraycopy(words, base + 2 * readableSegments, words, base + 2 * kept, 2 * (segments - readableSegments));
        segments -= dropped;
        unusual.segmentsAtHole -= dropped;
        readableSegments = kept;
        bytes -= readableBytes - unusual.keptReadableBytes;
        readableBytes = unusual.keptReadableBytes;
    }

    @Override
    public String toString() {
        return "Chain[head=" + head + ", readable=" + readableBytes + ", writable=" + writableBytes() + ", ticket="
                + ticket + (fault() == RingFault.NONE ? "]" : ", fault=" + RingFault.describe(fault()) + "]");
    }
}
