package io.busbar.api.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The driver's memory as one immutable table of regions, replaced as a whole.
 *
 * <p>The table of an address space (vDPA {@code set_map}), or of a vhost-user session ({@code SET_MEM_TABLE}).
 * Safe for any thread. A buffer may span regions that follow each other in address without following each other in
 * this process: users of the table translate piece by piece.
 */
public final class DriverMemory {

    /** A table with no region: every access is a fault. */
    public static final DriverMemory EMPTY = new DriverMemory(List.of());

    private final List<MemoryRegion> regions;

    private DriverMemory(List<MemoryRegion> regions) {
        this.regions = regions;
    }

    /**
     * Makes a table.
     *
     * @param regions any order; addresses are compared unsigned
     * @return the table, sorted by address
     * @throws IllegalArgumentException if two regions overlap; the message names both
     */
    public static DriverMemory of(List<MemoryRegion> regions) {
        List<MemoryRegion> sorted = new ArrayList<>(regions);
        sorted.sort(Comparator.comparing(MemoryRegion::iova, Long::compareUnsigned));
        for (int i = 1; i < sorted.size(); i++) {
            MemoryRegion before = sorted.get(i - 1);
            MemoryRegion next = sorted.get(i);
            if (Long.compareUnsigned(next.iova(), before.lastIova()) <= 0) {
                throw new IllegalArgumentException("regions at 0x" + Long.toHexString(before.iova()) + " and 0x"
                        + Long.toHexString(next.iova()) + " overlap");
            }
        }
        return new DriverMemory(List.copyOf(sorted));
    }

    /** Returns the regions, sorted by address (unsigned), without overlap. */
    public List<MemoryRegion> regions() {
        return regions;
    }

    @Override
    public String toString() {
        return "DriverMemory" + regions;
    }
}
