package io.busbar.api.driver;

import org.osgi.annotation.versioning.ProviderType;

/** What the drivers of all device types have in common. Safe for any thread. */
@ProviderType
public interface DeviceDriver {

    /** Service property: the name of the device, unique on its bus. */
    String DEVICE = "busbar.device";

    /** Service property: the name of the device's bus, such as {@code host}. */
    String BUS = "busbar.bus";

    /** Returns the name of the device. */
    String device();

    /** Returns the name of the device's bus. */
    String bus();

    /**
     * Returns whether the device is set up and live (DRIVER_OK). Between a device's fault and its recovery it is not, and
     * requests are held; after the device was let go it never is again, and requests fail.
     */
    boolean isUp();
}
