package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.JsonText;
import java.util.List;

/** {@code net link NAME up|down}. */
final class NetLink extends OwnCommand {

    private static final List<String> STATES = List.of("up", "down");

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    NetLink(Inventory inventory) {
        super("net", NetCommand.SUMMARY, NetCommand.USAGE, List.of("link"));
        this.inventory = inventory;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        if (words.size() < 2) {
            throw new Wrong("link needs a device and a state: net link DEV up|down");
        }
        end(words.subList(2, words.size()));
        String name = words.get(0);
        String state = words.get(1);
        LinkControl link = linked(name);
        if (!STATES.contains(state)) {
            throw new Wrong("\"" + state + "\" is no state of a link; up or down was expected");
        }
        try {
            link.setLink(state.equals("up"));
        } catch (VdpaException e) {
            throw new Wrong(name + ": " + (e.getMessage().isEmpty() ? e.error().text() : e.getMessage()), e);
        }
        return arguments.json()
                ? new JsonText(arguments.pretty()).open().open("net").open(name).property("link", state)
                        .close().close().close().finish()
                : "";
    }

    private LinkControl linked(String name) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name)
                .orElseThrow(() -> new Wrong("there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        if (device.ops() instanceof LinkControl link) {
            return link;
        }
        throw new Wrong("\"" + name + "\" has no link; a network device was expected");
    }

    @Override
    List<String> completeWords(List<String> words) {
        return switch (words.size()) {
            case 0 -> inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                    .filter(device -> device.ops() instanceof LinkControl)
                    .map(DeviceNames::of)
                    .toList();
            case 1 -> STATES;
            default -> List.of();
        };
    }
}
