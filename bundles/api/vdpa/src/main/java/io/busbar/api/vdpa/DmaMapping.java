package io.busbar.api.vdpa;

import io.busbar.api.memory.DriverMemory;
import org.osgi.annotation.versioning.ProviderType;

/** How a bus driver maps the driver's memory for a device, whichever way the device translates. */
@ProviderType
public interface DmaMapping {

    /** Who translates. */
    enum Kind {
        /** The bus. */
        PLATFORM,
        /** The device. */
        DEVICE
    }

    /** Returns who translates. */
    Kind kind();

    /**
     * Replaces the mapping of one address space; when the call returns no access goes through the old one, so that it
     * may be unmapped.
     *
     * @param asid   address space, 0 for devices that have one
     * @param memory the new table
     * @throws VdpaException as {@link OnChipIommu#setMap}
     */
    void setMap(int asid, DriverMemory memory) throws VdpaException;

    /** Returns how often the device addressed memory outside the mapping. */
    long faults();
}
