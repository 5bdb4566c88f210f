package io.busbar.tools.shell.commands;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.vdpa.CopyWatch;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.vdpa.FileWords;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** {@code backend list} and {@code backend swap}: what is plugged in, and another one for a device in use. */
public final class BackendCommand extends OwnCommand {

    private static final String SWAP = "swap";
    private static final String CANCEL = "--cancel";

    private final Inventory inventory;
    private final PartsCommand list;
    /** The copies that are under way. */
    private final Map<VdpaDevice, CopyProgress> copies = new ConcurrentHashMap<>();

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public BackendCommand(Inventory inventory) {
        super("backend", "where the bytes can go, and go", """
                Usage: backend list
                       backends with their kind, their words for vdpa dev add, and the bundle they come from
                       backend swap DEV BACKEND [ WORD VALUE ]... [ --dry-run ] [ --timeout MILLISECONDS ]
                                    [ --force | --copy ]
                       gives a device another backend, or the same with other words, while its driver uses it. The new one is
                       opened and checked first; the old one goes on if anything is in the way. Without words, and with the
                       backend of now, it is opened again as it is. The content of a disk is not copied, but with --copy
                       --dry-run: only says whether it could be done
                       --timeout: how long requests in flight may take to end, 1 to 600000, 1000 if not given
                       --force: requests that take longer are taken away from the old backend and done by the new one
                       --copy: the disk's content is copied to the new backend first, while the old one is used. Ctrl-C, or the end
                       of who gave the command, ends it within a second or two, as --cancel does; the old backend goes on
                       backend swap DEV --cancel
                       ends a swap with --copy that is under way; the old backend goes on
                """, List.of("list", SWAP));
        this.inventory = inventory;
        list = PartsCommand.backends(inventory);
    }

    @Override
    List<String> options() {
        return SwapWords.OPTIONS;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        return list.run(subcommand, arguments, words);
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words, Invocation call) throws Wrong {
        if (!subcommand.equals(SWAP)) {
            return run(subcommand, arguments, words);
        }
        return words.contains(CANCEL) ? cancel(words) : swap(arguments, SwapWords.parse(words), call);
    }

    private VdpaDevice device(String name) throws Wrong {
        return DeviceNames.find(inventory, name).orElseThrow(() -> new Wrong(
                "there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
    }

    private String cancel(List<String> words) throws Wrong {
        List<String> names = words.stream().filter(word -> !word.equals(CANCEL)).toList();
        if (names.size() != 1) {
            throw new Wrong("--cancel needs a device, and nothing else: backend swap DEV --cancel");
        }
        CopyProgress copy = copies.get(device(names.getFirst()));
        if (copy == null) {
            throw new Wrong(names.getFirst() + ": no copy is under way");
        }
        copy.cancel();
        return names.getFirst() + ": the copy is cancelled\n";
    }

    private String swap(Arguments arguments, SwapWords words, Invocation call) throws Wrong {
        VdpaDevice device = device(words.device());
        if (!words.copy()) {
            return swap(arguments, words, device, call, Optional.empty());
        }
        CopyProgress copy = new CopyProgress(call.output(), words.device());
        copies.put(device, copy);
        try {
            return swap(arguments, words, device, call, Optional.of(copy));
        } finally {
            copies.remove(device, copy);
        }
    }

    private String swap(
            Arguments arguments, SwapWords words, VdpaDevice device, Invocation call, Optional<CopyWatch> copy) throws Wrong {
        VdpaBus bus = inventory.bus(device.busName()).orElseThrow(() -> new Wrong(
                "bus " + device.busName() + " has left"));
        try {
            SwapReport report = bus.swapBackend(device.name(), request(words.request(), device, call.cwd(), copy));
            SwapText text = new SwapText(words.device(), report, words.request().dryRun());
            return arguments.json() ? text.json(arguments.pretty()) : text.plain();
        } catch (VdpaException e) {
            String why = e.getMessage().isEmpty() ? e.error().text() : e.getMessage();
            throw new Wrong(words.device() + " keeps its backend: " + why, e);
        }
    }

    private SwapRequest request(SwapRequest asked, VdpaDevice device, Path cwd, Optional<CopyWatch> copy) throws Wrong {
        try {
            Map<String, String> words =
                    FileWords.ofBackend(inventory, asked.backend(), device.deviceId(), asked.words(), cwd);
            return new SwapRequest(asked.backend(), words, asked.deadline(), asked.dryRun(), asked.force(), copy);
        } catch (IllegalArgumentException noName) {
            throw new Wrong(noName.getMessage(), noName);
        }
    }

    @Override
    List<String> completeWords(List<String> words) {
        return switch (words.size()) {
            case 0 -> inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream).map(DeviceNames::of).toList();
            case 1 -> inventory.backends().stream().map(BackendFactory::name).distinct().sorted().toList();
            default -> SwapWords.OPTIONS;
        };
    }
}
