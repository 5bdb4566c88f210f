package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to work behind the bus's own translation (platform specific DMA translation: the device has
 * no table of its own). A device has this, {@link OnChipIommu} or {@link IncrementalIommu}, exactly one of the three.
 */
@ConsumerType
public interface PlatformDma {

    /**
     * Attaches the domain through which every access of the device goes. Called once, before the device is on the bus.
     *
     * @param domain the domain
     */
    void attachDomain(DmaDomain domain);
}
