package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two guests of User Mode Linux that reach each other through switches of ours: both are booted once, with a card each for a network
 * that gives addresses, one of long frames and a trunk of VLANs; the second guest has one inside a VLAN, too.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
abstract class SwitchTests {

    private static final String MAC = "52:54:00:9a:bc:de";
    private static final String FIRST_IPV6 = "fd00:5::1";
    private static final String SECOND_IPV6 = "fd00:5::2";
    private static final int LONG_MTU = 9000;
    /** What is left for ping's data of a packet with headers of IPv4 and ICMP. */
    private static final int PING_HEADERS = 28;

    /** From the package of the kernel itself: the guest has the host's files. */
    private static final String LOAD_MODULES = """
            for module in lib/crc-ccitt net/ipv6/ipv6 net/llc/llc net/802/stp net/802/garp net/802/mrp net/8021q/8021q; do
                busybox insmod /usr/lib/uml/modules/$(uname -r)/kernel/$module.ko || exit 1
            done
            """;

    private Path folder;
    private List<Home> homes;
    private BusbarProcess busbar;
    private List<NetDevice> lan;
    private List<NetDevice> wide;
    private List<NetDevice> trunks;
    private NetDevice inside;
    private NetGuest first;
    private NetGuest second;
    private String firstAddress;
    private String secondAddress;
    private RandomFile file;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        Host.require("iperf3", "iperf3");
        Host.require("ethtool", "ethtool");
        folder = directory;
        file = RandomFile.make(folder.resolve("file"));
        homes = homes(folder);
        busbar = homes.getFirst().busbar();
        lan = List.of(
                add(0, "lan0", "network", "lan", "dhcp", "10.0.5.0/24"), add(1, "lan1", "network", "lan"));
        wide = List.of(
                add(0, "wide0", "network", "wide", "mtu", "" + LONG_MTU, "mac", MAC), add(1, "wide1", "network", "wide", "mtu", "" + LONG_MTU));
        trunks = List.of(
                add(0, "trunk0", "network", "vlans", "trunk", "10,20-29"), add(1, "trunk1", "network", "vlans", "trunk", "20"));
        inside = add(1, "inside", "network", "vlans", "vlan", "10");
        first = NetGuest.boot(folder.resolve("first"), lan.get(0), wide.get(0), trunks.get(0));
        second = NetGuest.boot(folder.resolve("second"), lan.get(1), wide.get(1), trunks.get(1), inside);
        first.run(LOAD_MODULES);
        second.run(LOAD_MODULES);
        firstAddress = first.dhcp("eth0");
        secondAddress = second.dhcp("eth0");
        first.address("eth0", FIRST_IPV6 + "/64 nodad");
        second.address("eth0", SECOND_IPV6 + "/64 nodad");
        first.address("eth1", "10.0.9.1/24");
        second.address("eth1", "10.0.9.2/24");
        second.serve(file);
        first.serve(file);
        first.run("""
                ip link set eth2 up
                for vlan in 10 20; do
                    ip link add link eth2 name eth2.$vlan type vlan id $vlan && ip link set eth2.$vlan up || exit 1
                    ip addr add 10.1.$vlan.1/24 dev eth2.$vlan || exit 1
                done
                """);
        second.run("ip link set eth2 up && ip link add link eth2 name eth2.20 type vlan id 20");
        second.address("eth2.20", "10.1.20.2/24");
        second.address("eth3", "10.1.10.2/24");
    }

    /** Starts a Busbar: where the first guest has its devices, and where the second. */
    abstract List<Home> homes(Path state);

    private NetDevice add(int guest, String name, String... words) {
        return add(homes.get(guest), name, words);
    }

    /** A card that Busbar drives itself. */
    private NetDevice add(String name, String network) {
        return add(Home.onHost(busbar), name, "network", network, "driver_override", "virtio");
    }

    private static NetDevice add(Home home, String name, String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "backend";
        all[1] = "switch";
        System.arraycopy(words, 0, all, 2, words.length);
        return NetDevice.add(home, name, all);
    }

    @AfterAll
    void stop() throws IOException {
        if (second != null) {
            second.close();
        }
        if (first != null) {
            first.close();
        }
        if (busbar != null) {
            busbar.close();
        }
    }

    /** But for the one whose cable is pulled by a test, when frames may be on their way. */
    @AfterEach
    void nothingWasLost() {
        for (NetDevice device : List.of(lan.get(0), lan.get(1), wide.get(0), wide.get(1), trunks.get(0), trunks.get(1))) {
            device.assertNothingLost();
            assertThat(device.count("cvq errors")).as("commands of %s that were refused", device.name()).isZero();
        }
    }

    @Test
    void theyHaveAddressesOfTheNetworksPoolAndAnswerEachOther() {
        assertThat(List.of(firstAddress, secondAddress)).doesNotHaveDuplicates().allMatch(address -> address.startsWith("10.0.5."));
        first.ping(secondAddress, 56);
        second.ping(firstAddress, 56);
        assertThat(busbar.ok("switch", "show", "lan")).contains(firstAddress + " ").contains(secondAddress + " ");
    }

    @Test
    void aCardThatBusbarDrivesItselfReachesBoth() {
        NetDevice own = add("own", "lan");
        for (String address : List.of(firstAddress, secondAddress)) {
            assertThat(busbar.ok("net", own.name(), "ping", address, "size", "1472", "count", "3")).contains("1472 bytes from " + address + ": seq=");
        }
        own.assertNothingLost();
        busbar.ok("vdpa", "dev", "del", own.name());
    }

    @Test
    void tcpFlowsBothWays() {
        Iperf there = first.iperf(secondAddress);
        Iperf back = first.iperf(secondAddress, "-R");
        System.out.printf("iperf3 between two guests through a switch: %s, -R: %s%n", there, back);
    }

    @Test
    void aFileArrivesWholeBothWaysByBothProtocolsInSegmentsThatNobodyCuts() {
        assertArrivesUncut(second, lan.get(1), firstAddress);
        assertArrivesUncut(first, lan.get(0), secondAddress);
        assertArrivesUncut(second, lan.get(1), "[" + FIRST_IPV6 + "]");
        assertArrivesUncut(first, lan.get(0), "[" + SECOND_IPV6 + "]");
    }

    private void assertArrivesUncut(NetGuest at, NetDevice card, String from) {
        long bytes = card.count("rx bytes");
        long packets = card.count("rx packets");
        long cut = card.count("rx cut");
        assertThat(at.checksumOf("http://" + from + "/" + file.name())).isEqualTo(file.sha256());
        assertThat((card.count("rx bytes") - bytes) / (card.count("rx packets") - packets))
                .as("bytes of a frame, where those for the wire have 1514 at the most").isGreaterThan(3000);
        assertThat(card.count("rx cut") - cut).as("frames that were cut").isZero();
    }

    @Test
    void aFileArrivesWholeAtACardThatIsToldByCommandToCutSegmentsAndToFillInChecksums() {
        second.run("ethtool -K eth0 rx-gro-hw off");
        try {
            assertArrivesCut(firstAddress);
            assertArrivesCut("[" + FIRST_IPV6 + "]");
        } finally {
            second.run("ethtool -K eth0 rx-gro-hw on");
        }
    }

    private void assertArrivesCut(String from) {
        long cut = lan.get(1).count("rx cut");
        assertThat(second.checksumOf("http://" + from + "/" + file.name())).isEqualTo(file.sha256());
        assertThat(lan.get(1).count("rx cut") - cut).as("frames that were cut for the driver").isPositive();
    }

    @Test
    void aCaptureOfAPortIsReadByTcpdump() throws IOException {
        Path capture = folder.resolve("lan0.pcapng");
        busbar.ok("switch", "capture", lan.get(0).name(), capture.toString());
        second.ping(firstAddress, 1000);
        busbar.ok("switch", "capture", lan.get(0).name(), "off");
        String read = Host.check(Duration.ofSeconds(60), Host.require("tcpdump", "tcpdump").toString(), "-nr", capture.toString(), "icmp");
        assertThat(read)
                .contains("%s > %s: ICMP echo request".formatted(secondAddress, firstAddress))
                .contains("%s > %s: ICMP echo reply".formatted(firstAddress, secondAddress))
                .contains("seq 2, length 1008");
    }

    @Test
    void addressAndMtuAreAsConfiguredAndAPacketOfTheWholeMtuIsOneFrame() {
        assertThat(first.run("cat /sys/class/net/eth1/address")).isEqualTo(MAC);
        assertThat(first.run("ip link show dev eth1")).contains("mtu " + LONG_MTU);
        assertThat(second.run("cat /sys/class/net/eth1/mtu")).isEqualTo("" + LONG_MTU);
        String fragments = "busybox awk '/^Ip: [0-9]/ { print $20 }' /proc/net/snmp";
        assertThat(second.run(fragments)).as("fragments before").isEqualTo("0");
        second.ping("10.0.9.1", LONG_MTU - PING_HEADERS);
        first.ping("10.0.9.2", LONG_MTU - PING_HEADERS);
        assertThat(second.run(fragments)).isEqualTo("0");
        assertThat(first.run(fragments)).isEqualTo("0");
        assertThat(first.checksumOf("http://10.0.9.2/" + file.name())).isEqualTo(file.sha256());
    }

    @Test
    void aTrunkCarriesItsVlansWithTagsAndACardInsideOneHasNone() {
        first.ping("10.1.20.2", 1472);
        second.ping("10.1.20.1", 1472);
        second.ping("10.1.10.1", 1472);
        assertArrivesUncut(first, trunks.get(0), "10.1.10.2");
        assertArrivesUncut(first, trunks.get(0), "10.1.20.2");
        assertArrivesUncut(second, trunks.get(1), "10.1.20.1");
    }

    @Test
    void aCableThatIsPulledAndPutBackIsSeenAndTrafficGoesOn() {
        first.ping("10.1.10.2", 56);
        busbar.ok("net", "link", inside.name(), "down");
        second.awaitCarrier("eth3", false);
        assertThatThrownBy(() -> first.run("busybox ping -c 2 -i 0.2 -W 1 10.1.10.2")).hasMessageContaining("100% packet loss");
        busbar.ok("net", "link", inside.name(), "up");
        second.awaitCarrier("eth3", true);
        first.ping("10.1.10.2", 56);
        second.ping("10.1.10.1", 56);
    }

    /** A card that comes to another network: the guest says there at once who it is, as it was asked to, and that it has. */
    @Test
    void aGuestAnnouncesItselfWhereItsCardIsMovedTo() throws IOException {
        NetDevice witness = add("witness", "elsewhere");
        Path capture = folder.resolve("witness.pcapng");
        busbar.ok("switch", "capture", witness.name(), capture.toString());
        NetDevice card = lan.get(0);
        long before = card.count("cvq successes");
        busbar.ok("backend", "swap", card.name(), "switch", "network", "elsewhere");
        try {
            Eventually.within(Duration.ofSeconds(60), () -> card.count("cvq successes") > before, () -> "the guest has not said that it announced itself");
            busbar.ok("switch", "capture", witness.name(), "off");
            assertThat(Host.check(Duration.ofSeconds(60), Host.require("tcpdump", "tcpdump").toString(), "-nr", capture.toString(), "arp"))
                    .contains("who-has %s".formatted(firstAddress)).contains("tell %s".formatted(firstAddress));
            assertThat(busbar.ok("vdpa", "dev", "config", "show", card.name())).contains("link_announce false");
        } finally {
            busbar.ok("backend", "swap", card.name(), "switch", "network", "lan", "dhcp", "10.0.5.0/24");
            busbar.ok("vdpa", "dev", "del", witness.name());
        }
        second.ping(firstAddress, 56);
    }
}
