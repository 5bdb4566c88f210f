package io.busbar.api.vdpa;

import io.busbar.api.memory.MemoryRegion;
import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to translate addresses itself, range by range (Linux {@code dma_map}, {@code dma_unmap}). */
@ConsumerType
public interface IncrementalIommu {

    /**
     * Adds one range.
     *
     * @param asid   address space
     * @param region the range
     * @throws VdpaException EEXIST if it overlaps one that is there; ENOSPC if the table is full
     */
    void dmaMap(int asid, MemoryRegion region) throws VdpaException;

    /**
     * Removes one range; when the call returns no access goes through it.
     *
     * @param asid address space
     * @param iova first address, as mapped
     * @param size bytes, as mapped
     * @throws VdpaException ENOENT if no such range is mapped
     */
    void dmaUnmap(int asid, long iova, long size) throws VdpaException;
}
