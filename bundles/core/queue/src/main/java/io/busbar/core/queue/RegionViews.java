package io.busbar.core.queue;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The bounded segments of the driver's memory, found by host address: what payload copies go through. The ring engine
 * works on unbounded memory, but a copy may run late, on a backend's thread; through a segment of the mapping it then
 * throws in that thread instead of touching whatever is there by then.
 *
 * <p>Immutable.
 */
final class RegionViews {

    private final long[] first;
    private final long[] size;
    private final MemorySegment[] segments;

    RegionViews(DriverMemory memory) {
        List<MemoryRegion> regions = memory.regions();
        int count = regions.size();
        first = new long[count];
        size = new long[count];
        segments = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            segments[i] = regions.get(i).segment();
            first[i] = segments[i].address();
            size[i] = segments[i].byteSize();
        }
    }

    /**
     * Returns the segment of the region that holds an address.
     *
     * @param address a host address that a ring translated with the same table
     * @throws IllegalStateException if there is none: the chain belongs to another table
     */
    MemorySegment at(long address) {
        for (int i = 0; i < first.length; i++) {
            if (Long.compareUnsigned(address - first[i], size[i]) < 0) {
                return segments[i];
            }
        }
        throw new IllegalStateException("the chain's memory is not mapped any more");
    }
}
