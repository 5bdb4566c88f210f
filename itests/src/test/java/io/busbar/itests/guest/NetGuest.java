package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A guest of User Mode Linux with network cards {@code eth0}, {@code eth1}, … that serves others and asks them. */
final class NetGuest implements AutoCloseable {

    /** What udhcpc runs with what it was told in variables. */
    private static final String DHCP_SCRIPT = """
            #!/bin/bash
            if [ "$1" = bound ]; then ip addr add "$ip/$mask" dev "$interface"; fi
            """;

    private final GuestShell shell;

    private NetGuest(GuestShell shell) {
        this.shell = shell;
    }

    /**
     * Boots one.
     *
     * @param folder of this guest alone, made here
     */
    static NetGuest boot(Path folder, NetDevice... cards) throws IOException {
        return new NetGuest(GuestShell.boot(folder, Stream.of(cards).map(NetDevice::socket).toArray(Path[]::new)));
    }

    /** Runs commands of bash that have to succeed; returns what they wrote. */
    String run(String commands) {
        return shell.run(commands).strip();
    }

    /** Has a card come up with the address that it is given by DHCP; returns it. */
    String dhcp(String card) throws IOException {
        Files.writeString(shell.box().resolve("dhcp"), DHCP_SCRIPT);
        return run("""
                chmod +x dhcp
                ip link set CARD up
                busybox udhcpc -i CARD -n -q -f -t 20 -T 1 -s /tmp/box/dhcp >dhcp.log 2>&1 || { cat dhcp.log; exit 1; }
                ip -4 -o addr show dev CARD | busybox awk '{ sub("/.*", "", $4); print $4 }'
                """.replace("CARD", card));
    }

    /** Has a card come up with an address. */
    void address(String card, String address) {
        run("ip addr add " + address + " dev " + card + " && ip link set " + card + " up");
    }

    /** Waits until the guest sees that a card's link is up, or down. */
    void awaitCarrier(String card, boolean up) {
        run("until [ $(cat /sys/class/net/" + card + "/carrier) = " + (up ? 1 : 0) + " ]; do busybox usleep 20000; done");
    }

    /** Has a file served to others at {@code http://ADDRESS/NAME}, and iperf3 at its port. */
    void serve(RandomFile file) throws IOException {
        Files.copy(file.path(), shell.box().resolve(file.name()));
        run("mkdir -p /tmp/www && cp " + file.name() + " /tmp/www && busybox httpd -h /tmp/www && iperf3 -s -D");
    }

    /** Asks an address 3 times, with so many bytes of data. */
    void ping(String address, int bytes) {
        run("busybox ping -c 3 -i 0.1 -W 10 -s " + bytes + " " + address);
    }

    /** Asks an iperf3 at an address for two seconds; it sends to that one, or with {@code -R} receives. */
    Iperf iperf(String server, String... options) {
        return Iperf.of(run("iperf3 --json -t 2 -c " + server + " " + String.join(" ", options)));
    }

    /** Gets a file of somebody's; returns its SHA-256. */
    String checksumOf(String url) {
        return run("set -o pipefail; busybox wget -q -O - " + url + " | sha256sum").split(" ")[0];
    }

    @Override
    public void close() throws IOException {
        shell.close();
    }
}
