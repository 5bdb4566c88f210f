package io.busbar.core.virtio.ring;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;

/**
 * The record of what is in flight in a split queue, which survives the process when its memory does (the vhost-user
 * in-flight area of one queue; also usable on private memory).
 *
 * <pre>
 *  header, 16 bytes:      0 features:8   8 version:2   10 desc_num:2   12 last_batch_head:2   14 used_idx:2
 *  state of head i at 16+16i:  0 inflight:1   1 pad:5   6 next:2   8 counter:8
 * </pre>
 *
 * <p>A queue that is made with a record keeps it up by itself. The steps are in an order in which the record can be
 * understood after a crash at any point: what was published but still stands as in flight is found by walking the last
 * batch as far as the used index is ahead of {@code used_idx}.
 *
 * <p>The memory may be shared with the front-end, so recovery reads each word once and believes nothing: every index is
 * checked, every walk is bounded by the queue size. For the owner thread of the queue.
 */
public final class InflightRegion {

    /** From {@link #recover}: the content contradicts itself, or was made for another queue. */
    public static final int INCONSISTENT = -1;

    /** Counters from here on are taken for garbage. */
    private static final long COUNTER_LIMIT = 1L << 48;

    private static final int VERSION_1 = 1;
    private static final int REGION_ALIGN = 64;
    private static final int HEADER_BYTES = 16;
    private static final int STATE_BYTES = 16;

    private static final int FEATURES = 0;
    private static final int VERSION = 8;
    private static final int DESC_NUM = 10;
    private static final int LAST_BATCH_HEAD = 12;
    private static final int USED_IDX = 14;

    private static final int INFLIGHT = 0;
    private static final int NEXT = 6;
    private static final int COUNTER = 8;

    private final MemorySegment all;
    private final long address;
    private final int size;
    private int lastBatchHead;
    private long nextCounter;

    /**
     * Lays the record over memory, without touching it.
     *
     * @param all     an unbounded segment that begins at address 0
     * @param address host address of {@link #bytes} bytes, aligned to 16
     * @param size    entries of the queue
     * @throws IllegalArgumentException if the address or the size is not usable
     */
    public InflightRegion(MemorySegment all, long address, int size) {
        this.all = Objects.requireNonNull(all, "all");
        if (address <= 0 || address >= Regions.HOST_END || address % STATE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "in-flight record at 0x" + Long.toHexString(address) + ": expected a multiple of " + STATE_BYTES);
        }
        if (!SplitLayout.isValidSize(size)) {
            throw new IllegalArgumentException("queue size " + size + ": expected a power of two, 1 to 32768");
        }
        this.address = address;
        this.size = size;
    }

    /**
     * Returns the bytes of the record of one queue, which are also the stride of an area of several.
     *
     * @param size entries of the queue
     * @return bytes, a multiple of 64
     */
    public static long bytes(int size) {
        return HEADER_BYTES + (long) STATE_BYTES * size + REGION_ALIGN - 1 & -REGION_ALIGN;
    }

    /** Returns the entries of the queue. */
    public int size() {
        return size;
    }

    /** Returns whether the memory was never used as a record. */
    public boolean isFresh() {
        return RingWords.u16Plain(all, address + VERSION) == 0;
    }

    /**
     * Starts clean: nothing is in flight.
     *
     * @param usedIndex the queue's used index, 0 to 65535
     */
    public void format(int usedIndex) {
        for (int head = 0; head < size; head++) {
            RingWords.putU64Plain(all, state(head), 0);
            RingWords.putU64Plain(all, state(head) + COUNTER, 0);
        }
        RingWords.putU64Plain(all, address + FEATURES, 0);
        RingWords.putU16Plain(all, address + DESC_NUM, size);
        RingWords.putU16Plain(all, address + LAST_BATCH_HEAD, 0);
        RingWords.putU16Plain(all, address + USED_IDX, usedIndex);
        RingWords.putU16AfterRelease(all, address + VERSION, VERSION_1);
        lastBatchHead = 0;
        nextCounter = 0;
    }

    /**
     * Finds what was in flight, and brings the record up to date. The available index to go on from is then the used
     * index plus the number of heads.
     *
     * @param usedIndex the used index as the ring's memory has it, 0 to 65535
     * @param heads     gets the heads, oldest first; at least {@link #size()} long
     * @return how many, or {@link #INCONSISTENT}, and then the record is as it was
     */
    public int recover(int usedIndex, int[] heads) {
        if (RingWords.u16Plain(all, address + VERSION) != VERSION_1
                || RingWords.u16Plain(all, address + DESC_NUM) != size) {
            return INCONSISTENT;
        }
        boolean[] published = new boolean[size];
        int batchHead = RingWords.u16Plain(all, address + LAST_BATCH_HEAD);
        int behind = usedIndex - RingWords.u16Plain(all, address + USED_IDX) & 0xffff;
        if (batchHead >= size || !walkBatch(batchHead, behind, published)) {
            return INCONSISTENT;
        }
        long[] found = new long[size];
        int count = readStates(published, found);
        if (count < 0) {
            return INCONSISTENT;
        }
        for (int head = 0; head < size; head++) {
            if (published[head]) {
                RingWords.putU8Plain(all, state(head) + INFLIGHT, 0);
            }
        }
        RingWords.putU16AfterRelease(all, address + USED_IDX, usedIndex);
        for (int i = 0; i < count; i++) {
            heads[i] = (int) (found[i] & SplitLayout.MAX_SIZE - 1);
        }
        nextCounter = count == 0 ? 0 : (found[count - 1] >>> 15) + 1;
        lastBatchHead = batchHead;
        return count;
    }

    /** Returns the counter that is above all that {@link #recover} found: the first ticket to go on with. */
    public long nextTicket() {
        return nextCounter;
    }

    /** Notes a head as in flight. */
    void taken(int head, long ticket) {
        RingWords.putU64Plain(all, state(head) + COUNTER, ticket);
        VarHandle.releaseFence();
        RingWords.putU8Plain(all, state(head) + INFLIGHT, 1);
    }

    /** Links a head to the batch that is about to be published; its used element is written. */
    void staged(int head) {
        RingWords.putU16Plain(all, state(head) + NEXT, lastBatchHead);
        RingWords.putU16AfterRelease(all, address + LAST_BATCH_HEAD, head);
        lastBatchHead = head;
    }

    /** Notes a head as done; the used index covers it. */
    void done(int head) {
        RingWords.putU8Plain(all, state(head) + INFLIGHT, 0);
    }

    /** Ends a batch: each of its heads is done. */
    void batchDone(int usedIndex) {
        RingWords.putU16AfterRelease(all, address + USED_IDX, usedIndex);
    }

    private boolean walkBatch(int first, int steps, boolean[] published) {
        if (steps > size) {
            return false;
        }
        int head = first;
        for (int i = 0; i < steps; i++) {
            if (head >= size || published[head]) {
                return false;
            }
            published[head] = true;
            head = RingWords.u16Plain(all, state(head) + NEXT);
        }
        return true;
    }

    /** Reads the states into {@code counter << 15 | head}, sorted; returns the number in flight or INCONSISTENT. */
    private int readStates(boolean[] published, long[] found) {
        int count = 0;
        for (int head = 0; head < size; head++) {
            int inflight = RingWords.u8Plain(all, state(head) + INFLIGHT);
            long counter = RingWords.u64Plain(all, state(head) + COUNTER);
            if (inflight > 1 || inflight == 1 && (counter < 0 || counter >= COUNTER_LIMIT)) {
                return INCONSISTENT;
            }
            if (inflight == 1 && !published[head]) {
                found[count++] = counter << 15 | head;
            }
        }
        Arrays.sort(found, 0, count);
        for (int i = 1; i < count; i++) {
            if (found[i] >>> 15 == found[i - 1] >>> 15) {
                return INCONSISTENT;
            }
        }
        return count;
    }

    private long state(int head) {
        return address + HEADER_BYTES + (long) STATE_BYTES * head;
    }
}
