package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.JsonText;
import io.busbar.tools.shell.Sizes;
import java.util.List;

/** {@code block resize NAME SIZE}. */
public final class BlockCommand extends OwnCommand {

    private static final long SECTOR_BYTES = 512;

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public BlockCommand(Inventory inventory) {
        super("block", "changes block devices in use", """
                Usage: block resize DEV SIZE
                       gives a block device a new capacity; its driver sees the change
                       SIZE: digits and an optional K, M, G or T (powers of 1024), a multiple of 512
                """, List.of("resize"));
        this.inventory = inventory;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        if (words.size() < 2) {
            throw new Wrong("resize needs a device and a size: block resize DEV SIZE");
        }
        end(words.subList(2, words.size()));
        String name = words.get(0);
        ResizableCapacity capacity = resizable(name);
        long bytes = size(words.get(1));
        try {
            capacity.resize(bytes);
        } catch (VdpaException e) {
            throw new Wrong(name + ": " + (e.getMessage().isEmpty() ? e.error().text() : e.getMessage()), e);
        }
        return arguments.json()
                ? new JsonText(arguments.pretty()).open().open("block").open(name).property("bytes", bytes)
                        .close().close().close().finish()
                : "";
    }

    private ResizableCapacity resizable(String name) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name)
                .orElseThrow(() -> new Wrong("there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        if (device.ops() instanceof ResizableCapacity capacity) {
            return capacity;
        }
        throw new Wrong("\"" + name + "\" cannot be resized; a block device with a capacity that can change was expected");
    }

    private static long size(String text) throws Wrong {
        long bytes = Sizes.parse(text).orElseThrow(() -> new Wrong("\"" + text + "\" is no size; " + Sizes.EXPECTED));
        if (bytes % SECTOR_BYTES != 0) {
            throw new Wrong("\"" + text + "\" is " + bytes + " bytes; a multiple of " + SECTOR_BYTES + " was expected");
        }
        return bytes;
    }

    @Override
    List<String> completeWords(List<String> words) {
        return words.isEmpty()
                ? inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                        .filter(device -> device.ops() instanceof ResizableCapacity)
                        .map(DeviceNames::of)
                        .toList()
                : List.of();
    }
}
