package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.tools.shell.Inventory;
import java.util.List;
import java.util.Optional;

/** Devices as a user names them: by name on the host's bus, as {@code BUS/NAME} on others. */
final class DeviceNames {

    private DeviceNames() {
    }

    static String of(VdpaDevice device) {
        return device.busName().equals(VdpaBus.HOST) ? device.name() : device.busName() + "/" + device.name();
    }

    static Optional<VdpaDevice> find(Inventory inventory, String name) {
        return all(inventory).stream().filter(device -> of(device).equals(name)).findFirst();
    }

    /** The end of a sentence about a device that is not there. */
    static String expected(Inventory inventory) {
        List<String> names = all(inventory).stream().map(DeviceNames::of).toList();
        return names.isEmpty() ? "; there are none" : "; expected one of: " + String.join(", ", names);
    }

    private static List<VdpaDevice> all(Inventory inventory) {
        return inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream).toList();
    }
}
