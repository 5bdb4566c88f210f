package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.VdpaBus;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import java.util.ArrayList;
import java.util.List;

/** {@code net}: the link of a network device, and what can be done on its network from here. */
public final class NetCommand implements Command {

    static final String SUMMARY = "changes network devices in use; pings over one in this process";
    static final String USAGE = """
            Usage: net link DEV up|down
                   takes the link of a network device down or up, as if its cable were pulled; its driver sees the change
                   net DEV info
                   address, mtu and link as a driver in this process sees them
                   net DEV ping ADDRESS [ from ADDRESS ] [ count N ] [ size N ]
                   asks for an IPv4 address by ARP and sends it echo requests over the device, driven in this process; exit
                   status 1 if there was no reply. from: the address to have meanwhile, without it one of the last of the
                   same 256 that nobody answers for. count: 1 to 1000, 4. size: bytes of data, 0 to 1472, 56
                   A device that no bus driver has is taken for the time of the command; one that this process is to
                   keep: driver override DEV virtio
            """;

    private final Inventory inventory;
    private final NetLink link;

    /**
     * Makes the command.
     *
     * @param inventory what it works on
     */
    public NetCommand(Inventory inventory) {
        this.inventory = inventory;
        link = new NetLink(inventory);
    }

    @Override
    public String name() {
        return link.name();
    }

    @Override
    public String summary() {
        return SUMMARY;
    }

    @Override
    public String help() {
        return USAGE;
    }

    @Override
    public int run(Invocation call) {
        List<String> words = call.args().stream().filter(word -> !word.startsWith("-")).toList();
        return words.size() > 1 && NetJob.SUBCOMMANDS.contains(words.get(1)) && !words.getFirst().equals("link")
                ? new NetJob(inventory, call).run()
                : link.run(call);
    }

    @Override
    public List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>();
        if (words.isEmpty()) {
            next.addAll(link.complete(before));
            cards(next);
        } else if (words.getFirst().equals("link")) {
            return link.complete(before);
        } else if (words.size() == 1) {
            next.addAll(NetJob.SUBCOMMANDS);
        } else if (words.get(1).equals("ping") && words.size() % 2 == 1) {
            next.addAll(NetJob.PING_WORDS);
        }
        return next;
    }

    private void cards(List<String> names) {
        inventory.buses().stream().map(VdpaBus::devices).flatMap(List::stream)
                .filter(device -> device.deviceId() == VirtioIds.VIRTIO_ID_NET)
                .forEach(device -> names.add(DeviceNames.of(device)));
    }
}
