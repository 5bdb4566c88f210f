package io.busbar.api.vdpa;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A device on the bus, as bus drivers and tools see it. */
@ProviderType
public interface VdpaDevice {

    /** Returns the name, unique on its bus. */
    String name();

    /** Returns the name of the bus, such as {@code host}. */
    String busName();

    /** Returns the name of the management device that made it. */
    String managementDeviceName();

    /** Returns the virtio device id. */
    int deviceId();

    /** Returns the number of queues. */
    int vqCount();

    /**
     * Returns the control path: the device's own ops behind the bus's checks of order and range, with the same optional
     * abilities. Only the bus driver that is bound may change the device with it.
     */
    VdpaConfigOps ops();

    /** Returns how the driver's memory is mapped for it. */
    DmaMapping dma();

    /** Returns the name of the one bus driver that may bind it, if that was set. */
    Optional<String> driverOverride();
}
