package io.busbar.tools.shell.commands;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.JsonText;
import java.util.ArrayList;
import java.util.List;

/** {@code blk DEV …}: reads, writes and verifies a disk by a driver in this process. */
public final class BlkCommand implements Command {

    private static final String USAGE = """
            Usage: blk DEV info
                   blk DEV read OFFSET LENGTH [ FILE ]        without FILE: as text
                   blk DEV hexdump OFFSET LENGTH
                   blk DEV write OFFSET FILE
                   blk DEV write OFFSET text TEXT
                   blk DEV write OFFSET pattern SEED LENGTH   bytes that verify knows again
                   blk DEV verify OFFSET FILE                 compares; exit status 1 if there is a difference
                   blk DEV verify OFFSET pattern SEED LENGTH
                   blk DEV zero OFFSET LENGTH
                   blk DEV discard OFFSET LENGTH
                   blk DEV flush
                   reads and writes a block device in this process. A device that no bus driver has is taken for the
                   time of the command; one that this process is to keep: driver override DEV virtio
                   OFFSET, LENGTH: digits and an optional K, M, G or T (powers of 1024); LENGTH may be all: up to the
                   end. zero and discard need whole blocks. What was written is flushed
            """;
    private static final List<String> SUBCOMMANDS =
            List.of("info", "read", "hexdump", "write", "verify", "zero", "discard", "flush");

    private final Inventory inventory;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public BlkCommand(Inventory inventory) {
        this.inventory = inventory;
    }

    @Override
    public String name() {
        return "blk";
    }

    @Override
    public String summary() {
        return "reads, writes and verifies a disk in this process";
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
            if (words.size() < 2) {
                throw new Wrong("a device and a word are missing: blk DEV and one of: " + String.join(", ", SUBCOMMANDS));
            }
            if (!SUBCOMMANDS.contains(words.get(1))) {
                throw new Wrong("\"" + words.get(1) + "\" is unknown; expected one of: " + String.join(", ", SUBCOMMANDS));
            }
            try (DrivenDisk disk = DrivenDisk.open(inventory, words.get(0))) {
                perform(disk, words.get(1), words.subList(2, words.size()), arguments, call);
            }
            return OK;
        } catch (Wrong e) {
            call.output().err("blk: " + e.getMessage() + "\n");
            return FAILED;
        }
    }

    private static void perform(
            DrivenDisk disk, String subcommand, List<String> words, Arguments arguments, Invocation call) throws Wrong {
        BlkWords rest = new BlkWords(words, disk.driver().capacity(), call.cwd());
        BlkJob job = new BlkJob(disk, arguments, call.output());
        switch (subcommand) {
            case "info" -> {
                rest.end();
                call.output().out(info(disk, arguments));
            }
            case "read" -> {
                BlkWords.Range range = rest.range();
                if (rest.isEmpty()) {
                    job.text(range);
                } else {
                    job.read(range, rest.lastFile());
                }
            }
            case "hexdump" -> job.hexdump(rest.lastRange());
            case "write" -> job.write(rest.offset(), rest.lastContent());
            case "verify" -> job.verify(rest.offset(), rest.lastContent());
            case "zero" -> job.zero(rest.lastRange());
            case "discard" -> job.discard(rest.lastRange());
            default -> {
                rest.end();
                disk.flush();
            }
        }
    }

    private static String info(DrivenDisk disk, Arguments arguments) {
        BlockDriver driver = disk.driver();
        if (arguments.json()) {
            return new JsonText(arguments.pretty()).open().open("blk").open(disk.name())
                    .property("capacity", driver.capacity())
                    .property("block_size", driver.blockSize())
                    .property("physical_block_size", driver.physicalBlockSize())
                    .property("read_only", driver.readOnly())
                    .property("discard", driver.canDiscard())
                    .close().close().close().finish();
        }
        return disk.name() + ": " + driver.capacity() + " bytes, blocks of " + driver.blockSize() + " (physical "
                + driver.physicalBlockSize() + "), " + (driver.readOnly() ? "read-only" : "writable")
                + (driver.canDiscard() ? ", discard" : "") + "\n";
    }

    @Override
    public List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(Arguments.OPTIONS);
        if (words.isEmpty()) {
            inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                    .filter(device -> device.deviceId() == VirtioIds.VIRTIO_ID_BLOCK)
                    .forEach(device -> next.add(DeviceNames.of(device)));
        } else if (words.size() == 1) {
            next.addAll(SUBCOMMANDS);
        } else if (words.size() == 3 && words.get(1).equals("write")) {
            next.addAll(List.of(BlkWords.TEXT, BlkWords.PATTERN));
        } else if (words.size() == 3 && words.get(1).equals("verify")) {
            next.add(BlkWords.PATTERN);
        } else if (words.size() == 3 && !words.get(1).equals("info")) {
            next.add(BlkWords.ALL);
        }
        return next;
    }
}
