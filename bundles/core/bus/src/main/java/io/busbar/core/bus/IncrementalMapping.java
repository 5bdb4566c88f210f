package io.busbar.core.bus;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The mapping of a device that takes ranges one by one: it is told the difference between the table that it has and the
 * one that it should have. Ranges in both stay untouched.
 */
final class IncrementalMapping implements DmaMapping {

    private final IncrementalIommu iommu;
    private final VdpaConfigOps ops;
    private final Map<Integer, List<MemoryRegion>> mapped = new HashMap<>();

    IncrementalMapping(IncrementalIommu iommu, VdpaConfigOps ops) {
        this.iommu = iommu;
        this.ops = ops;
    }

    @Override
    public Kind kind() {
        return Kind.DEVICE;
    }

    /** Takes away what is not in the new table, then adds what is new; if that fails, goes back as far as it can. */
    @Override
    public synchronized void setMap(int asid, DriverMemory memory) throws VdpaException {
        List<MemoryRegion> before = List.copyOf(now(asid));
        try {
            change(asid, memory.regions());
        } catch (VdpaException refused) {
            restore(asid, before, refused);
            throw refused;
        }
    }

    private List<MemoryRegion> now(int asid) {
        return mapped.computeIfAbsent(asid, _ -> new ArrayList<>());
    }

    private void change(int asid, List<MemoryRegion> wanted) throws VdpaException {
        List<MemoryRegion> now = now(asid);
        for (MemoryRegion region : List.copyOf(now)) {
            if (!contains(wanted, region)) {
                iommu.dmaUnmap(asid, region.iova(), region.size());
                now.remove(region);
            }
        }
        for (MemoryRegion region : wanted) {
            if (!contains(now, region)) {
                iommu.dmaMap(asid, region);
                now.add(region);
            }
        }
    }

    private void restore(int asid, List<MemoryRegion> before, VdpaException refused) {
        try {
            change(asid, before);
        } catch (VdpaException again) {
            refused.addSuppressed(again);
        }
    }

    private static boolean contains(List<MemoryRegion> regions, MemoryRegion region) {
        return regions.stream().anyMatch(other -> same(other, region));
    }

    /** Two mappings at one address are the same only if they also live equally long. */
    private static boolean same(MemoryRegion one, MemoryRegion other) {
        return one.equals(other) && one.segment().scope().equals(other.segment().scope());
    }

    @Override
    public long faults() {
        return OnChipMapping.faultsOf(ops);
    }
}
