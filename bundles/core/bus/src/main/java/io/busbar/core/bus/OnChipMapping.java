package io.busbar.core.bus;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;

/**
 * The mapping of a device that takes whole tables.
 *
 * @param iommu takes them
 * @param ops   the device's, which may count faults
 */
record OnChipMapping(OnChipIommu iommu, VdpaConfigOps ops) implements DmaMapping {

    @Override
    public Kind kind() {
        return Kind.DEVICE;
    }

    @Override
    public void setMap(int asid, DriverMemory memory) throws VdpaException {
        iommu.setMap(asid, memory);
    }

    @Override
    public long faults() {
        return faultsOf(ops);
    }

    /** Returns what the device counted; 0 for one that does not count. */
    static long faultsOf(VdpaConfigOps ops) {
        return ops instanceof DmaFaultCounter counter ? counter.dmaFaults() : 0;
    }
}
