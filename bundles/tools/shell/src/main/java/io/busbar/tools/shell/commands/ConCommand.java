package io.busbar.tools.shell.commands;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code con DEV …}: reads from and writes to the ports of a console by a driver in this process. */
public final class ConCommand implements Command {

    private static final String USAGE = """
            Usage: con DEV info
                   con DEV PORT read LENGTH [ FILE ]    without FILE: as text, control characters written out
                   con DEV PORT write FILE
                   con DEV PORT write text TEXT
                   con DEV PORT attach                  this terminal, until Ctrl-]; the input, where it is none
                   drives a console device in this process, as a guest's driver does; what is written comes to whoever is at
                   its backend, or at console DEV. PORT: its name, such as console. A device that no bus driver has is
                   taken for the time of the command; one that this process is to keep: driver override DEV virtio
                   read: exit status 1 if nothing has come for 10 s before LENGTH bytes have. write: waits until
                   the device has all of it
            """;
    private static final String INFO = "info";
    private static final List<String> SUBCOMMANDS = List.of("read", "write", "attach");
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public ConCommand(Inventory inventory) {
        this.inventory = inventory;
    }

    @Override
    public String name() {
        return "con";
    }

    @Override
    public String summary() {
        return "reads and writes the ports of a console in this process";
    }

    @Override
    public String help() {
        return USAGE;
    }

    @Override
    public int run(Invocation call) {
        if (call.args().contains("--help") || call.args().contains("-h")) {
            call.output().out(USAGE);
            return OK;
        }
        try {
            Arguments arguments = Arguments.parse(call.args());
            List<String> words = arguments.words();
            boolean info = words.size() > 1 && words.get(1).equals(INFO);
            if (words.size() < (info ? 2 : 3)) {
                throw new Wrong("words are missing: con DEV info, or con DEV PORT and one of: "
                        + String.join(", ", SUBCOMMANDS));
            }
            if (!info && !SUBCOMMANDS.contains(words.get(2))) {
                throw new Wrong("\"" + words.get(2) + "\" is unknown; expected one of: " + String.join(", ", SUBCOMMANDS));
            }
            try (DrivenDevice<ConsoleDriver> console = DrivenDevice.open(inventory, words.getFirst(), ConsoleDriver.class)) {
                ConJob job = new ConJob(console, arguments, call);
                if (info) {
                    OwnCommand.end(words.subList(2, words.size()));
                    job.info();
                    return OK;
                }
                return perform(job, port(console, words.get(1)), words.subList(2, words.size()));
            }
        } catch (Wrong e) {
            call.output().err("con: " + e.getMessage() + "\n");
            return e.status();
        }
    }

    private static int perform(ConJob job, ConsoleDriver.Port port, List<String> words) throws Wrong {
        List<String> rest = words.subList(1, words.size());
        return switch (words.getFirst()) {
            case "read" -> job.read(port, rest);
            case "write" -> job.write(port, rest);
            default -> {
                OwnCommand.end(rest);
                yield job.attach(port);
            }
        };
    }

    /** A device tells of its ports one after the other when it was taken. */
    private static ConsoleDriver.Port port(DrivenDevice<ConsoleDriver> console, String name) throws Wrong {
        try {
            return console.driver().port(name, PATIENCE).orElseThrow(() -> new Wrong(console.name() + " has no port \""
                    + name + "\"; expected one of: " + String.join(", ", ConJob.names(console.driver()))));
        } catch (InterruptedIOException e) {
            throw new Wrong("interrupted", e);
        }
    }

    @Override
    public List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(Arguments.OPTIONS);
        if (words.isEmpty()) {
            inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                    .filter(device -> device.deviceId() == VirtioIds.VIRTIO_ID_CONSOLE)
                    .forEach(device -> next.add(DeviceNames.of(device)));
        } else if (words.size() == 1) {
            next.add(INFO);
            next.addAll(portNames(words.getFirst()));
        } else if (words.size() == 2 && !words.get(1).equals(INFO)) {
            next.addAll(SUBCOMMANDS);
        } else if (words.size() == 3 && words.get(2).equals("write")) {
            next.add(BlkWords.TEXT);
        }
        return next;
    }

    /** Of a device that is not driven here the console alone is known. */
    private List<String> portNames(String device) {
        return inventory.driven().stream()
                .filter(driver -> driver.device().equals(device))
                .filter(ConsoleDriver.class::isInstance)
                .map(driver -> ConJob.names((ConsoleDriver) driver))
                .findFirst()
                .orElse(List.of("console"));
    }
}
