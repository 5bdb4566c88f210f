package io.busbar.tools.shell;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.command.ShellCommand;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.VdpaBus;
import java.util.List;
import java.util.Optional;

/** What is plugged in at this moment: the commands look here each time. Safe for any thread. */
public interface Inventory {

    /** Returns the buses, the host's first. */
    List<VdpaBus> buses();

    /** Returns the backends that can be opened, by type and name. */
    List<BackendFactory> backends();

    /** Returns the devices that this process drives, each as what it is. */
    List<DeviceDriver> driven();

    /** Returns the commands that bundles have brought, by name; one for each name. */
    List<ShellCommand> commands();

    /**
     * Returns a bus.
     *
     * @param name the bus
     */
    default Optional<VdpaBus> bus(String name) {
        return buses().stream().filter(bus -> bus.name().equals(name)).findFirst();
    }
}
