package io.busbar.drivers.x100.link;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The system memory page table: 32 windows of 16 GiB through which the card sees the memory of the host. A register says which
 * 16 GiB of the host's DMA addresses a window shows; each counts the bytes that are mapped through it, and is given to other
 * addresses only at 0.
 *
 * <p>The hardware shows a window as a whole and for ever. This one translates an address only if all bytes lie in one mapping that
 * has not been unmapped. Safe for any thread; a translation takes no lock.
 */
public final class Smpt {

    /** Windows. */
    public static final int ENTRIES = 32;

    /** Where the card sees the first window. */
    public static final long BASE = 0x80_0000_0000L;

    /** Bits of an offset in a window: 16 GiB. */
    public static final int PAGE_SHIFT = 34;

    /** Bytes of a window. */
    public static final long PAGE = 1L << PAGE_SHIFT;

    /** The address behind the last window. */
    public static final long END = BASE + ENTRIES * PAGE;

    /** As a translation: there is none. */
    public static final long FAULT = -1;

    /** In a register the number of the host's page is above the bit "no snoop" and a reserved one. */
    private static final int NUMBER_SHIFT = 2;

    private static final long OFFSET = PAGE - 1;

    /** A mapping, by the card's addresses. */
    private record Range(long start, long bytes) {}

    private final int[] registers = new int[ENTRIES];
    private final long[] referenced = new long[ENTRIES];
    private final List<Range> ranges = new ArrayList<>();
    private volatile long[] snapshot = {};

    /** Makes a table whose windows show the first 512 GiB in order. */
    public Smpt() {
        restore();
    }

    /** Writes all registers again: windows that nothing is mapped through show what they did at first. */
    public synchronized void restore() {
        for (int i = 0; i < ENTRIES; i++) {
            if (referenced[i] == 0) {
                registers[i] = i << NUMBER_SHIFT;
            }
        }
    }

    /**
     * Maps memory of the host.
     *
     * @param hostAddress DMA address, 0 to 2^46 - 1
     * @param bytes       1 and up
     * @return where the card sees it, or 0 if there are no windows left
     */
    public synchronized long map(long hostAddress, long bytes) {
        long first = hostAddress >> PAGE_SHIFT;
        long count = (hostAddress + bytes - 1 >> PAGE_SHIFT) - first + 1;
        int entry = first(first, count, true);
        if (entry < 0) {
            entry = first(first, count, false);
        }
        if (entry < 0) {
            return 0;
        }
        for (int i = 0; i < count; i++) {
            registers[entry + i] = (int) (first + i) << NUMBER_SHIFT;
        }
        long start = BASE + entry * PAGE + (hostAddress & OFFSET);
        count(start, bytes, 1);
        ranges.add(new Range(start, bytes));
        publish();
        return start;
    }

    /** Returns the first of windows in a row that show the pages already, or else of those that nobody uses; -1 for none. */
    private int first(long page, long count, boolean showing) {
        for (int entry = 0; entry + count <= ENTRIES; entry++) {
            boolean fits = true;
            for (int i = 0; i < count && fits; i++) {
                fits = showing ? registers[entry + i] >>> NUMBER_SHIFT == page + i : referenced[entry + i] == 0;
            }
            if (fits) {
                return entry;
            }
        }
        return -1;
    }

    /**
     * Ends a mapping: its addresses lead nowhere from now on.
     *
     * @param cardAddress what {@link #map} returned
     * @param bytes       as given to it
     * @throws IllegalArgumentException if there is no such mapping
     */
    public synchronized void unmap(long cardAddress, long bytes) {
        if (!ranges.remove(new Range(cardAddress, bytes))) {
            throw new IllegalArgumentException(bytes + " bytes at 0x" + Long.toHexString(cardAddress) + " are not mapped");
        }
        count(cardAddress, bytes, -1);
        publish();
    }

    private void count(long start, long bytes, int sign) {
        for (long at = start; at < start + bytes;) {
            long next = Math.min(start + bytes, (at | OFFSET) + 1);
            referenced[(int) (at - BASE >> PAGE_SHIFT)] += sign * (next - at);
            at = next;
        }
    }

    /** Three words for each mapping: the card's first address, bytes, the host's first address. */
    private void publish() {
        long[] next = new long[3 * ranges.size()];
        for (int i = 0; i < ranges.size(); i++) {
            Range range = ranges.get(i);
            next[3 * i] = range.start;
            next[3 * i + 1] = range.bytes;
            next[3 * i + 2] = hostAddress(range.start);
        }
        snapshot = next;
    }

    private long hostAddress(long cardAddress) {
        long number = registers[(int) (cardAddress - BASE >> PAGE_SHIFT)] >>> NUMBER_SHIFT;
        return (number << PAGE_SHIFT) + (cardAddress & OFFSET);
    }

    /**
     * Translates an address.
     *
     * @param cardAddress any
     * @param bytes       1 and up
     * @return the host's DMA address, or {@link #FAULT} if not all bytes are in one mapping
     */
    public long translate(long cardAddress, long bytes) {
        long[] table = snapshot;
        for (int i = 0; i < table.length; i += 3) {
            long offset = cardAddress - table[i];
            if (offset >= 0 && offset < table[i + 1] && bytes <= table[i + 1] - offset) {
                return table[i + 2] + offset;
            }
        }
        return FAULT;
    }

    /** Returns a register, 0 to 31. */
    public synchronized int register(int entry) {
        return registers[entry];
    }

    /** Writes a register. One through which something is mapped keeps its value: it would show other memory. */
    synchronized void setRegister(int entry, int value) {
        if (referenced[entry] == 0) {
            registers[entry] = value & -(1 << NUMBER_SHIFT);
        }
    }

    /** Returns how many bytes are mapped through each window. */
    public synchronized long[] referenced() {
        return Arrays.copyOf(referenced, ENTRIES);
    }

    /** Returns the number of mappings. */
    public int mappings() {
        return snapshot.length / 3;
    }
}
