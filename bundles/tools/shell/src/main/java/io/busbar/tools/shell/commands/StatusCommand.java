package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Device;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.JsonText;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@code status}: every part of every bus on one screen, with the reason for what is not up. */
public final class StatusCommand extends OwnCommand {

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public StatusCommand(Inventory inventory) {
        super("status", "everything, and why it is not up", """
                Usage: status
                       devices with their state, bus driver and endpoint, and the parts that are plugged in
                """, List.of());
        this.inventory = inventory;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        end(words);
        List<BusSnapshot> buses = inventory.buses().stream().map(VdpaBus::snapshot).toList();
        if (arguments.json()) {
            return json(buses, arguments.pretty());
        }
        return buses.isEmpty() ? "no bus\n" : buses.stream().map(StatusCommand::text).collect(Collectors.joining());
    }

    private static String text(BusSnapshot bus) {
        long troubled = bus.devices().stream().filter(device -> !device.health().ok()).count();
        StringBuilder text = new StringBuilder("bus " + bus.bus() + ": " + count(bus.devices().size(), "device"));
        if (troubled > 0) {
            text.append(", ").append(troubled).append(" not up");
        }
        text.append('\n');
        Table devices = new Table();
        bus.devices().forEach(device -> devices.row(
                device.name(), state(device), device.mgmtdev(), device.busDriver(), device.endpoint(),
                PartsCommand.health(device.health())));
        text.append(devices.text("  "));
        Table parts = new Table();
        for (Kind kind : Kind.values()) {
            parts.row(title(kind), bus.parts().stream()
                    .filter(part -> part.kind() == kind)
                    .map(StatusCommand::brief)
                    .collect(Collectors.joining(", ")));
        }
        return text.append(parts.text("  ")).toString();
    }

    private static String brief(Part part) {
        return part.health().ok() ? part.name() : part.name() + " (" + PartsCommand.health(part.health()) + ")";
    }

    private static String title(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ') + "s:";
    }

    private static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private static String state(Device device) {
        return device.state().name().toLowerCase(Locale.ROOT);
    }

    private static String json(List<BusSnapshot> buses, boolean pretty) {
        JsonText json = new JsonText(pretty).open().open("status");
        for (BusSnapshot bus : buses) {
            json.open(bus.bus()).property("change_count", bus.changeCount());
            json.open("devices");
            bus.devices().forEach(device -> device(json, device));
            json.close().openArray("parts");
            bus.parts().forEach(part -> part(json, part));
            json.closeArray().close();
        }
        return json.close().close().finish();
    }

    private static void device(JsonText json, Device device) {
        json.open(device.name())
                .property("state", state(device))
                .property("mgmtdev", device.mgmtdev())
                .property("device_id", device.deviceId())
                .property("status", device.status())
                .property("busdriver", device.busDriver())
                .property("driver_override", device.override())
                .property("endpoint", device.endpoint())
                .property("persistent", device.persistent())
                .property("dma_faults", device.dmaFaults());
        health(json, device.health());
        json.open("details");
        device.details().forEach(json::property);
        json.close().close();
    }

    private static void part(JsonText json, Part part) {
        json.open().property("kind", PartsCommand.kind(part)).property("type", part.type()).property("name", part.name())
                .property("origin", part.origin());
        health(json, part.health());
        json.close();
    }

    private static void health(JsonText json, Health health) {
        json.property("reason", health.reason()).property("sentence", health.sentence());
    }
}
