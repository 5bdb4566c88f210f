package io.busbar.core.virtio.ring;

import io.busbar.api.memory.DriverMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where the driver's memory is in this process: an immutable table, sorted by address as the driver writes it.
 *
 * <p>Regions that follow each other both for the driver and in this process, with the same right, become one. Safe for
 * any thread. A queue keeps the entry that it used last to itself.
 */
public final class Regions {

    /** The first host address that a region must not reach: user space ends below it. */
    public static final long HOST_END = 1L << 47;

    /** A table with no region: every buffer is outside. */
    public static final Regions EMPTY = new Regions(List.of());

    private final long[] iova;
    private final long[] size;
    private final long[] host;
    private final boolean[] writable;

    private Regions(List<Region> regions) {
        int count = regions.size();
        iova = new long[count];
        size = new long[count];
        host = new long[count];
        writable = new boolean[count];
        for (int i = 0; i < count; i++) {
            Region region = regions.get(i);
            iova[i] = region.iova;
            size[i] = region.size;
            host[i] = region.host;
            writable[i] = region.writable;
        }
    }

    /**
     * One range of the driver's memory.
     *
     * @param iova     first address as the driver writes it into descriptors; unsigned 64-bit
     * @param size     bytes, 1 to 2<sup>47</sup>; {@code iova + size} does not pass 2<sup>64</sup>
     * @param host     where the range is mapped in this process; ends at or below {@link #HOST_END}
     * @param writable whether the device may write to it
     */
    public record Region(long iova, long size, long host, boolean writable) {

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if one does not hold; the message has the values
         */
        public Region {
            if (size <= 0 || size > HOST_END || host <= 0 || host > HOST_END - size) {
                throw new IllegalArgumentException("region of " + Long.toUnsignedString(size) + " bytes at host 0x"
                        + Long.toHexString(host) + ": expected 1 byte or more below 0x" + Long.toHexString(HOST_END));
            }
            if (Long.compareUnsigned(iova + size - 1, iova) < 0) {
                throw new IllegalArgumentException("region at 0x" + Long.toHexString(iova) + " of 0x"
                        + Long.toHexString(size) + " bytes passes the end of the address space");
            }
        }

        private long last() {
            return iova + size - 1;
        }

        private boolean continuedBy(Region next) {
            return last() + 1 == next.iova && host + size == next.host && writable == next.writable;
        }
    }

    /**
     * Makes a table.
     *
     * @param regions in any order
     * @return the table
     * @throws IllegalArgumentException if two regions overlap; the message names both
     */
    public static Regions of(List<Region> regions) {
        List<Region> sorted = new ArrayList<>(regions);
        sorted.sort(Comparator.comparing(Region::iova, Long::compareUnsigned));
        List<Region> merged = new ArrayList<>();
        for (Region next : sorted) {
            Region before = merged.isEmpty() ? null : merged.getLast();
            if (before == null) {
                merged.add(next);
            } else if (Long.compareUnsigned(next.iova, before.last()) <= 0) {
                throw new IllegalArgumentException("regions at 0x" + Long.toHexString(before.iova) + " and 0x"
                        + Long.toHexString(next.iova) + " overlap");
            } else if (before.continuedBy(next)) {
                merged.set(merged.size() - 1,
                        new Region(before.iova, before.size + next.size, before.host, before.writable));
            } else {
                merged.add(next);
            }
        }
        return new Regions(merged);
    }

    /**
     * Makes the table of a driver's memory.
     *
     * @param memory the regions with their mappings, which the caller keeps alive
     * @return the table
     * @throws IllegalArgumentException if a mapping is not in user space
     */
    public static Regions of(DriverMemory memory) {
        return of(memory.regions().stream()
                .map(region -> new Region(region.iova(), region.size(), region.segment().address(), region.writable()))
                .toList());
    }

    /**
     * Finds where a whole range is in this process.
     *
     * @param from   first address, unsigned
     * @param length bytes, 1 to 2<sup>47</sup>
     * @param write  whether the device writes there
     * @return the host address, or {@link RingFault#BUFFER_WRAPS}, {@link RingFault#BUFFER_OUTSIDE_MEMORY} (also for a
     *         range that is not in one piece in this process) or {@link RingFault#BUFFER_NOT_WRITABLE}
     */
    public long translate(long from, long length, boolean write) {
        if (Long.compareUnsigned(from + length - 1, from) < 0) {
            return RingFault.BUFFER_WRAPS;
        }
        int index = find(from);
        if (index < 0 || length > contiguous(index, from)) {
            return RingFault.BUFFER_OUTSIDE_MEMORY;
        }
        if (write && !writable[index]) {
            return RingFault.BUFFER_NOT_WRITABLE;
        }
        return host[index] + (from - iova[index]);
    }

    /** Returns the number of entries, after merging. */
    public int count() {
        return iova.length;
    }

    /** Returns the entry that holds an address, or -1. */
    int find(long address) {
        int low = 0;
        int high = iova.length - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            if (Long.compareUnsigned(address, iova[middle]) < 0) {
                high = middle - 1;
            } else if (Long.compareUnsigned(address - iova[middle], size[middle]) >= 0) {
                low = middle + 1;
            } else {
                return middle;
            }
        }
        return -1;
    }

    /** Returns how many bytes of an entry follow an address in it, 1 and up. */
    long contiguous(int entry, long address) {
        return size[entry] - (address - iova[entry]);
    }

    long iova(int entry) {
        return iova[entry];
    }

    long size(int entry) {
        return size[entry];
    }

    long host(int entry) {
        return host[entry];
    }

    boolean writable(int entry) {
        return writable[entry];
    }
}
