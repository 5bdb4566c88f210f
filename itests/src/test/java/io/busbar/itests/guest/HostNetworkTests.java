package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import io.busbar.testkit.machine.TestNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
 * A guest of User Mode Linux on its host's networks: by a tap interface, and by passt to what listens at the host's loopback
 * address. The host's side is a network namespace of this test's own.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
abstract class HostNetworkTests {

    private static final Duration START = Duration.ofSeconds(60);
    static final String TAP_HOST = "10.7.0.1";
    private static final String TAP_GUEST = "10.7.0.2";
    private static final String CABLE_HOST = "10.8.0.1";
    private static final String CABLE_GUEST = "10.8.0.2";
    /** What passt gives its guest, and what it takes for the host's loopback address. */
    private static final String PASST_GUEST = "10.9.0.2";
    private static final String PASST_HOST = "10.9.0.1";

    /** What passt can send in one frame, and does. */
    private static final String PASST_MTU = "65520";

    private final List<ProcessGroup> servers = new ArrayList<>();
    private TestNetwork network;
    private List<String> passtCommand;
    private ProcessGroup passt;
    private Home home;
    private BusbarProcess busbar;
    NetDevice tap;
    private NetDevice stream;
    /** Whose link goes down: frames may be on their way then, and are lost. */
    private NetDevice cable;
    NetGuest guest;
    private RandomFile file;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        Host.require("iperf3", "iperf3");
        Host.require("passt", "passt");
        Host.require("ethtool", "ethtool");
        network = TestNetwork.create();
        home = home(folder);
        busbar = home.busbar();
        tap = NetDevice.add(home, "tap0", "backend", "tap", "netns", network.name(), "address", TAP_HOST + "/24",
                "max_vqp", "2");
        // Passt wants to see a way out, whose packets it never sends.
        network.run("ip", "route", "add", "default", "via", TAP_GUEST);
        Path socket = folder.resolve("passt");
        passtCommand = network.command("passt", "-f", "-s", socket.toString(), "--runas", "0", "-i", tap.name(), "-4", "-a", PASST_GUEST,
                "-n", "24", "-g", PASST_HOST, "-t", "none", "-u", "none");
        passt = ProcessGroup.start(passtCommand);
        stream = NetDevice.add(home, "net1", "mtu", PASST_MTU, "backend", "stream", "path", socket.toString());
        cable = NetDevice.add(home, "cable", "backend", "tap", "netns", network.name(), "address", CABLE_HOST + "/24");
        file = RandomFile.make(Files.createDirectory(folder.resolve("www")).resolve("file"));
        serve("iperf3", "-s", "-B", TAP_HOST);
        serve("iperf3", "-s", "-B", "127.0.0.1");
        serve("busybox", "httpd", "-f", "-p", TAP_HOST + ":80", "-h", file.path().getParent().toString());
        serve("busybox", "httpd", "-f", "-p", "127.0.0.1:80", "-h", file.path().getParent().toString());
        Eventually.within(START, () -> network.run("ss", "-Htln").lines().count() >= 4, () -> "servers listen: " + network.run("ss", "-tln"));
        guest = NetGuest.boot(folder.resolve("guest"), tap, stream, cable);
        guest.address("eth0", TAP_GUEST + "/24");
        guest.address("eth2", CABLE_GUEST + "/24");
        guest.serve(file);
    }

    /** Starts what has the cards. */
    abstract Home home(Path state);

    private void serve(String... command) throws IOException {
        servers.add(ProcessGroup.start(network.command(command)));
    }

    @AfterAll
    void stop() throws IOException {
        if (guest != null) {
            guest.close();
        }
        servers.forEach(ProcessGroup::close);
        if (passt != null) {
            passt.close();
        }
        if (home != null) {
            home.close();
        }
        if (network != null) {
            network.close();
        }
    }

    @AfterEach
    void nothingWasLost() {
        tap.assertNothingLost();
    }

    private String checksumAtHost(String url) {
        return network.run("bash", "-c", "set -o pipefail; busybox wget -q -O - " + url + " | sha256sum").split(" ")[0];
    }

    @Test
    void byATapInterfaceHostAndGuestReachEachOther() {
        guest.ping(TAP_HOST, 1472);
        network.run("busybox", "ping", "-c", "3", "-W", "10", TAP_GUEST);
        Iperf there = guest.iperf(TAP_HOST);
        Iperf back = guest.iperf(TAP_HOST, "-R");
        System.out.printf("iperf3 from a guest to its host by tap: %s, -R: %s%n", there, back);
    }

    @Test
    void byATapInterfaceAFileArrivesWholeBothWaysInSegmentsThatNobodyCuts() {
        long bytes = tap.count("tx bytes") + tap.count("rx bytes");
        long packets = tap.count("tx packets") + tap.count("rx packets");
        assertThat(guest.checksumOf("http://" + TAP_HOST + "/" + file.name())).isEqualTo(file.sha256());
        assertThat(checksumAtHost("http://" + TAP_GUEST + "/" + file.name())).isEqualTo(file.sha256());
        assertThat((tap.count("tx bytes") + tap.count("rx bytes") - bytes) / (tap.count("tx packets") + tap.count("rx packets") - packets))
                .as("bytes of a frame, where those for the wire have 1514 at the most").isGreaterThan(3000);
        assertThat(tap.count("rx cut")).isZero();
    }

    @Test
    void theHostsInterfaceAndTheGuestsCardFollowEachOther() {
        network.run("ip", "link", "set", cable.name(), "down");
        guest.awaitCarrier("eth2", false);
        network.run("ip", "link", "set", cable.name(), "up");
        guest.awaitCarrier("eth2", true);
        guest.ping(CABLE_HOST, 56);
        assertThat(carrierAtHost()).isEqualTo("1");
        busbar.ok("net", "link", cable.name(), "down");
        guest.awaitCarrier("eth2", false);
        assertThat(carrierAtHost()).isEqualTo("0");
        busbar.ok("net", "link", cable.name(), "up");
        guest.awaitCarrier("eth2", true);
        guest.ping(CABLE_HOST, 56);
    }

    private String carrierAtHost() {
        return network.run("cat", "/sys/class/net/" + cable.name() + "/carrier");
    }

    @Test
    void byPasstAGuestHasAnAddressAndReachesWhatListensAtTheHostsLoopbackAddressAlsoWhenItHasGoneAndComeBack() throws IOException {
        assertThat(guest.dhcp("eth1")).isEqualTo(PASST_GUEST);
        Iperf there = guest.iperf(PASST_HOST);
        Iperf back = guest.iperf(PASST_HOST, "-R");
        System.out.printf("iperf3 from a guest to its host by stream and passt: %s, -R: %s%n", there, back);
        assertThat(guest.checksumOf("http://" + PASST_HOST + "/" + file.name())).isEqualTo(file.sha256());
        guest.iperf(PASST_HOST, "-t", "1", "-u", "-l", "8000", "-b", "20M");
        guest.iperf(PASST_HOST, "-t", "1", "-u", "-l", "8000", "-b", "20M", "-R");
        stream.assertNothingLost();
        passt.close();
        guest.awaitCarrier("eth1", false);
        assertThat(stream.config()).contains("link down");
        passt = ProcessGroup.start(passtCommand);
        guest.awaitCarrier("eth1", true);
        assertThat(guest.checksumOf("http://" + PASST_HOST + "/" + file.name())).isEqualTo(file.sha256());
    }
}
