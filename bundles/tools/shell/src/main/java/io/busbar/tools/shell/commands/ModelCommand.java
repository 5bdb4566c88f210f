package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;

/** {@code model list} and {@code model swap}: which kinds of devices there are, and the newest one for a device in use. */
public final class ModelCommand extends OwnCommand {

    private static final String SWAP = "swap";

    private final Inventory inventory;
    private final PartsCommand list;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public ModelCommand(Inventory inventory) {
        super("model", "which kinds of devices there are, and which one a device has", """
                Usage: model list
                       device models with the bundle they come from
                       model swap DEV [ --dry-run ] [ --timeout MILLISECONDS ]
                       gives a device the newest device model of its type that is there, while its driver uses it. It is made
                       first, and takes over what the driver has settled with the old one, which goes on if anything is in the
                       way. The backend stays
                       --dry-run: only says whether it could be done
                       --timeout: how long requests in flight may take to end, 1 to 600000, 1000 if not given
                """, List.of("list", SWAP));
        this.inventory = inventory;
        list = PartsCommand.models(inventory);
    }

    @Override
    List<String> options() {
        return SwapWords.OPTIONS;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        return subcommand.equals(SWAP) ? swap(arguments, words) : list.run(subcommand, arguments, words);
    }

    private String swap(Arguments arguments, List<String> words) throws Wrong {
        String name = "";
        Duration deadline = SwapWords.DEADLINE;
        boolean dryRun = false;
        for (Iterator<String> rest = words.iterator(); rest.hasNext();) {
            String word = rest.next();
            if (word.equals("--dry-run")) {
                dryRun = true;
            } else if (word.equals("--timeout")) {
                deadline = SwapWords.deadline(rest.hasNext() ? rest.next() : "");
            } else if (word.startsWith("--timeout=")) {
                deadline = SwapWords.deadline(word.substring("--timeout=".length()));
            } else if (name.isEmpty()) {
                name = word;
            } else {
                throw new Wrong("\"" + word + "\" was not expected: model swap DEV");
            }
        }
        if (name.isEmpty()) {
            throw new Wrong("swap needs a device: model swap DEV");
        }
        SwapText text = new SwapText(name, swap(name, deadline, dryRun), dryRun);
        return arguments.json() ? text.json(arguments.pretty()) : text.plain();
    }

    private SwapReport swap(String name, Duration deadline, boolean dryRun) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name).orElseThrow(() -> new Wrong(
                "there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        VdpaBus bus = inventory.bus(device.busName()).orElseThrow(() -> new Wrong(
                "bus " + device.busName() + " has left"));
        try {
            return bus.swapModel(device.name(), deadline, dryRun);
        } catch (VdpaException e) {
            String why = e.getMessage().isEmpty() ? e.error().text() : e.getMessage();
            throw new Wrong(name + " keeps its device model: " + why, e);
        }
    }

    @Override
    List<String> completeWords(List<String> words) {
        return words.isEmpty()
                ? inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream).map(DeviceNames::of).toList()
                : SwapWords.OPTIONS;
    }
}
