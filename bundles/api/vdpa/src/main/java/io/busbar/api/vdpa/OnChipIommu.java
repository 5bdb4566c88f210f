package io.busbar.api.vdpa;

import io.busbar.api.memory.DriverMemory;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to translate addresses itself, by whole tables (Linux {@code set_map}: device specific DMA
 * translation).
 */
@ConsumerType
public interface OnChipIommu {

    /**
     * Replaces the complete mapping of one address space. Queues that run use the old table until the new one is in
     * force; when the call returns no access goes through the old one.
     *
     * @param asid   address space, 0 for devices that have one
     * @param memory the new table
     * @throws VdpaException EINVAL for an address space that is not there; ETIMEDOUT if requests in flight through the
     *                       old table do not end
     */
    void setMap(int asid, DriverMemory memory) throws VdpaException;
}
