package io.busbar.api.vdpa;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A vDPA bus: an OSGi service with its name as service property {@link #BUS}. Safe for any thread; changes are done one
 * at a time, but for the work of a management device while it makes what a command asked for.
 */
@ProviderType
public interface VdpaBus {

    /**
     * Service property of a bus: its name. Of management devices and bus drivers: the names of the buses that they are for, or
     * {@link #EVERY}; without it {@link #HOST}.
     */
    String BUS = "busbar.bus";

    /** As {@link #BUS} of a management device or bus driver: every bus that there is or will be. */
    String EVERY = "*";

    /** The name of the bus that is always there. */
    String HOST = "host";

    /** The word of {@link #devAdd} that names the one bus driver that may bind the device. */
    String DRIVER_OVERRIDE = "driver_override";

    /** Returns the name. */
    String name();

    /**
     * Adds a device; when the call returns it is on the bus, and bound if a bus driver takes it. One that cannot be made
     * yet (the management device says EAGAIN) has its place and the reason in the {@link #snapshot}, and is added by
     * itself once it can be. The word {@link #DRIVER_OVERRIDE} is the bus's own; all others go to the management device.
     *
     * @param managementDevice name of the management device
     * @param request          what the device is to be
     * @param persistent       whether it is added again at the next start
     * @return the device; empty if it cannot be made yet
     * @throws VdpaException EEXIST, ENODEV, EINVAL, or what the management device says, or the bus drivers that would
     *                       take the device if none of them could; then nothing was added
     */
    Optional<VdpaDevice> devAdd(String managementDevice, AddRequest request, boolean persistent) throws VdpaException;

    /**
     * Removes a device: unbinds it first. It is not added again at the next start.
     *
     * @param name the device
     * @throws VdpaException ENODEV
     */
    void devDel(String name) throws VdpaException;

    /** Returns the devices, in the order in which they were added. */
    List<VdpaDevice> devices();

    /**
     * Returns a device.
     *
     * @param name the device
     */
    Optional<VdpaDevice> device(String name);

    /** Returns the management devices, in the order in which they came. */
    List<VdpaManagementDevice> managementDevices();

    /**
     * Sets the one bus driver that may bind a device; binds it if that driver is there. A bus driver that has it and may
     * not bind it by the new rule is unbound first.
     *
     * @param name      the device
     * @param busDriver name of the bus driver; empty lets any bind that matches it
     * @throws VdpaException ENODEV
     */
    void setDriverOverride(String name, Optional<String> busDriver) throws VdpaException;

    /**
     * Gives a device another backend while it is in use, and takes note of its words: with these the device is added again.
     *
     * @param name    the device
     * @param request what is wanted
     * @return what was done
     * @throws VdpaException ENODEV; EOPNOTSUPP if the device's backend cannot be swapped; or why the device refuses, whose
     *                       old backend goes on then
     */
    SwapReport swapBackend(String name, SwapRequest request) throws VdpaException;

    /**
     * Gives a device the newest device model of its type that is there while it is in use; see {@link SwappableModel}.
     *
     * @param name     the device
     * @param deadline how long requests in flight may take to end, above 0
     * @param dryRun   whether it is only said if it can be done
     * @return what was done
     * @throws VdpaException ENODEV; EOPNOTSUPP if the device's model cannot be swapped; or why the device refuses, whose old
     *                       model goes on then
     */
    SwapReport swapModel(String name, Duration deadline, boolean dryRun) throws VdpaException;

    /** Returns all that is on the bus, with its state and, where it is not up, the reason. */
    BusSnapshot snapshot();
}
