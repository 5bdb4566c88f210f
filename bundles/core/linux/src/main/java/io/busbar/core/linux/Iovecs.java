package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A list of buffers for one vectored read or write (struct iovec: 0 address, 8 length). Made once, filled again and
 * again without allocation; one thread. The native memory is released when this object is unreachable.
 */
public final class Iovecs {
    /** Most buffers that one system call takes (IOV_MAX). */
    public static final int MAX_COUNT = 1024;

    private static final int ENTRY = 16;
    private static final int LENGTH = 8;

    private final MemorySegment entries;
    private final int capacity;
    private int first;
    private int end;

    /** Room for {@code capacity} buffers, 1 to {@link #MAX_COUNT}. */
    public Iovecs(int capacity) {
        if (capacity < 1 || capacity > MAX_COUNT) {
            throw new IllegalArgumentException("Capacity " + capacity + ": expected 1 to " + MAX_COUNT);
        }
        this.capacity = capacity;
        this.entries = Arena.ofAuto().allocate((long) capacity * ENTRY, ENTRY);
    }

    /** Forgets all buffers. */
    public void clear() {
        first = 0;
        end = 0;
    }

    /** Appends a buffer; false when there is no room. */
    public boolean add(long address, long length) {
        if (end == capacity) {
            return false;
        }
        set(end, address, length);
        end++;
        return true;
    }

    /**
     * Writes entry {@code index}, 0 to capacity - 1, whether it counts or not.
     *
     * @see #setCount(int)
     */
    public void set(int index, long address, long length) {
        entries.set(JAVA_LONG, (long) index * ENTRY, address);
        entries.set(JAVA_LONG, (long) index * ENTRY + LENGTH, length);
    }

    /** Says that the entries 0 to {@code count} - 1 are the list. */
    public void setCount(int count) {
        if (count < 0 || count > capacity) {
            throw new IllegalArgumentException("Count " + count + ": expected 0 to " + capacity);
        }
        first = 0;
        end = count;
    }

    /** Buffers that are left. */
    public int count() {
        return end - first;
    }

    /** Most buffers that it has room for, 1 to {@link #MAX_COUNT}. */
    public int capacity() {
        return capacity;
    }

    /** Bytes that are left, over all buffers. */
    public long bytes() {
        long sum = 0;
        for (int i = first; i < end; i++) {
            sum += length(i);
        }
        return sum;
    }

    /** Goes on behind the {@code bytes} bytes that a system call has done: at most {@link #bytes()}. */
    public void advance(long bytes) {
        long left = bytes;
        while (left > 0 && first < end) {
            long length = length(first);
            if (left < length) {
                set(first, entries.get(JAVA_LONG, (long) first * ENTRY) + left, length - left);
                return;
            }
            left -= length;
            first++;
        }
    }

    /** Native address of the first entry that is left. */
    public long address() {
        return entries.address() + (long) first * ENTRY;
    }

    private long length(int index) {
        return entries.get(JAVA_LONG, (long) index * ENTRY + LENGTH);
    }
}
