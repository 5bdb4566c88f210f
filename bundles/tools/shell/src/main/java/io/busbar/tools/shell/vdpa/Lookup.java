package io.busbar.tools.shell.vdpa;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.tools.shell.Inventory;
import java.util.List;
import java.util.Optional;

/** Finds what a user names, or refuses in the kernel's words. */
final class Lookup {

    private final Inventory inventory;

    Lookup(Inventory inventory) {
        this.inventory = inventory;
    }

    List<VdpaBus> buses() {
        return inventory.buses();
    }

    VdpaBus busOfDevice(Handle handle) throws Refusal {
        return inventory.bus(handle.bus()).orElseThrow(Lookup::noDevice);
    }

    /** A device that is on its bus. */
    VdpaDevice device(Handle handle) throws Refusal {
        return inventory.bus(handle.bus())
                .flatMap(bus -> bus.device(handle.name()))
                .orElseThrow(Lookup::noDevice);
    }

    /** A device that is on its bus or should be. */
    static BusSnapshot.Device snapshot(VdpaBus bus, String name) throws Refusal {
        return bus.snapshot().devices().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow(Lookup::noDevice);
    }

    Optional<VdpaManagementDevice> managementDevice(Handle handle) {
        return inventory.bus(handle.bus()).stream()
                .flatMap(bus -> bus.managementDevices().stream())
                .filter(device -> device.name().equals(handle.name()))
                .findFirst();
    }

    private static Refusal noDevice() {
        return Refusal.kernel(VdpaError.ENODEV, "device not found");
    }
}
