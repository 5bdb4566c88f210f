package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import java.util.Optional;

/** Which bus driver has a device, as the bus knows it. */
final class Overrides {

    private Overrides() {
    }

    static void set(Inventory inventory, VdpaDevice device, Optional<String> busDriver) throws Wrong {
        try {
            bus(inventory, device).setDriverOverride(device.name(), busDriver);
        } catch (VdpaException e) {
            throw new Wrong(DeviceNames.of(device) + ": "
                    + (e.getMessage().isEmpty() ? e.error().text() : e.getMessage()), e);
        }
    }

    static BusSnapshot.Device look(Inventory inventory, VdpaDevice device) throws Wrong {
        return bus(inventory, device).snapshot().devices().stream()
                .filter(shown -> shown.name().equals(device.name()))
                .findFirst()
                .orElseThrow(() -> gone(device));
    }

    private static VdpaBus bus(Inventory inventory, VdpaDevice device) throws Wrong {
        return inventory.bus(device.busName()).orElseThrow(() -> gone(device));
    }

    private static Wrong gone(VdpaDevice device) {
        return new Wrong(DeviceNames.of(device) + " was removed meanwhile");
    }
}
