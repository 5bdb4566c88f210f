package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to count its accesses outside the driver's memory. */
@ConsumerType
public interface DmaFaultCounter {

    /** Returns how many there were since the device was added. Any thread; cheap. */
    long dmaFaults();
}
