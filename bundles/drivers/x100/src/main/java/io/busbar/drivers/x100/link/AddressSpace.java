package io.busbar.drivers.x100.link;

import java.util.Map;
import java.util.TreeMap;

/**
 * Gives out ranges of addresses, the lowest that fits. Behind each is a page that is nobody's, so that what passes the end of one is
 * outside of all. Safe for any thread.
 */
final class AddressSpace {

    /** What addresses and lengths of ranges are multiples of. */
    static final long GRANULE = 4096;

    private final long first;
    private final long end;
    private final TreeMap<Long, Long> taken = new TreeMap<>();

    /**
     * Makes a space.
     *
     * @param first address, a multiple of {@link #GRANULE}
     * @param end   the address behind the last
     */
    AddressSpace(long first, long end) {
        this.first = first;
        this.end = end;
    }

    /**
     * Takes a range.
     *
     * @param bytes 1 and up
     * @return its first address, or -1 if there is no room
     */
    synchronized long take(long bytes) {
        long size = rounded(bytes) + GRANULE;
        long at = first;
        for (Map.Entry<Long, Long> range : taken.entrySet()) {
            if (range.getKey() - at >= size) {
                break;
            }
            at = range.getKey() + range.getValue();
        }
        if (size <= 0 || end - at < size) {
            return -1;
        }
        taken.put(at, size);
        return at;
    }

    /** Gives a range back. */
    synchronized void release(long address) {
        taken.remove(address);
    }

    /** Returns a length in whole granules; less than 1 if there is no such number. */
    static long rounded(long bytes) {
        return bytes + GRANULE - 1 & -GRANULE;
    }
}
