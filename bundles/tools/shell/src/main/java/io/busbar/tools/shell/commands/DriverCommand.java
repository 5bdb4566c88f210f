package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.JsonText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code driver list} and {@code driver override DEV BUSDRIVER}. */
public final class DriverCommand extends OwnCommand {

    /** The word for no override. */
    static final String ANY = "any";

    private final Inventory inventory;
    private final PartsCommand list;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public DriverCommand(Inventory inventory) {
        super("driver", "what makes devices, and what drives them", """
                Usage: driver list
                       management devices and bus drivers with the bundle they come from
                       driver override DEV BUSDRIVER
                       gives a device to a bus driver, and to no other from now on: vhost-user serves it at a
                       socket, virtio drives it in this process (blk, net, con). Whoever uses it is disconnected
                       driver override DEV any
                       lets any bus driver have it that takes such devices, as at first
                """, List.of("list", "override"));
        this.inventory = inventory;
        list = PartsCommand.drivers(inventory);
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        return subcommand.equals("list") ? list.run(subcommand, arguments, words) : override(arguments, words);
    }

    private String override(Arguments arguments, List<String> words) throws Wrong {
        if (words.size() < 2) {
            throw new Wrong("override needs a device and a bus driver: driver override DEV BUSDRIVER");
        }
        end(words.subList(2, words.size()));
        VdpaDevice device = DeviceNames.find(inventory, words.get(0)).orElseThrow(
                () -> new Wrong("there is no device \"" + words.get(0) + "\"" + DeviceNames.expected(inventory)));
        Optional<String> wanted = Optional.of(words.get(1)).filter(word -> !word.equals(ANY));
        String name = DeviceNames.of(device);
        Overrides.set(inventory, device, wanted);
        BusSnapshot.Device now = Overrides.look(inventory, device);
        if (now.busDriver().isEmpty()) {
            throw new Wrong(name + " is bound to no bus driver now: " + PartsCommand.health(now.health()));
        }
        return arguments.json()
                ? new JsonText(arguments.pretty()).open().open("driver").open(name)
                        .property("busdriver", now.busDriver()).close().close().close().finish()
                : name + " is bound to " + now.busDriver() + "\n";
    }

    @Override
    List<String> completeWords(List<String> words) {
        if (words.isEmpty()) {
            return inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream).map(DeviceNames::of).toList();
        }
        List<String> drivers = new ArrayList<>(words.size() > 1 ? List.of() : List.of(ANY));
        if (words.size() == 1) {
            inventory.buses().stream().flatMap(bus -> bus.snapshot().parts().stream())
                    .filter(part -> part.kind() == Kind.BUS_DRIVER)
                    .forEach(part -> drivers.add(part.name()));
        }
        return drivers;
    }
}
