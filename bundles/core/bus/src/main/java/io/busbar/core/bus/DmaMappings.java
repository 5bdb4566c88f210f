package io.busbar.core.bus;

import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.VdpaConfigOps;

/** Chooses how a device's memory is mapped, by which of the three abilities it has. */
final class DmaMappings {

    private DmaMappings() {}

    /**
     * Makes the mapping of a device that has exactly one of the abilities; attaches the domain of a device without a
     * table of its own.
     *
     * @param device  its name, for sentences
     * @param parent  its own ops
     * @param ops     the ops behind the checks
     * @param control held while the mapping changes
     */
    static DmaMapping of(String device, VdpaConfigOps parent, VdpaConfigOps ops, ControlLock control) {
        if (ops instanceof OnChipIommu iommu) {
            return new OnChipMapping(iommu, ops);
        }
        if (ops instanceof IncrementalIommu iommu) {
            return new IncrementalMapping(iommu, ops);
        }
        PlatformMapping mapping = new PlatformMapping(device, ops, control);
        ((PlatformDma) parent).attachDomain(mapping);
        return mapping;
    }
}
