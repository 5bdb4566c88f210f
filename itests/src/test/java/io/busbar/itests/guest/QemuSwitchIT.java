package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.io.IOException;
import java.nio.file.Path;
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
 * A guest of QEMU with two processors and one of User Mode Linux, which meet twice: at a switch of ours, where QEMU's has a
 * card with two queue pairs, which takes a frame in one buffer alone; and by a card of QEMU's own, whose frames come over a stream to the other one's.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
final class QemuSwitchIT {

    private static final String SWITCH_UML = "10.0.6.1";
    private static final String SWITCH_QEMU = "10.0.6.2";
    private static final String STREAM_UML = "10.0.7.1";
    private static final String STREAM_QEMU = "10.0.7.2";

    /** Each processor sends by the pair that belongs to it; what comes for 16 flows is spread over both. */
    private static final String SCRIPT = """
            set -e -o pipefail
            until [ -d /sys/class/net/eth1 ]; do sleep 0.1; done
            ip addr add QEMU_SWITCH/24 dev eth0
            ip addr add QEMU_STREAM/24 dev eth1
            ip link set eth0 up
            ip link set eth1 up
            mkdir /tmp/www
            cd /tmp/www
            for peer in UML_SWITCH UML_STREAM; do
                busybox ping -c 3 -W 10 $peer
                busybox wget -q -O file http://$peer/file
                echo "$peer: $(sha256sum <file)"
            done
            taskset 1 iperf3 --json -t 2 -c UML_SWITCH >/tmp/one &
            taskset 2 iperf3 --json -t 2 -p 5202 -c UML_SWITCH >/tmp/two
            wait $!
            iperf3 --json -t 2 -P 16 -R -c UML_SWITCH >/tmp/back
            for report in one two back; do
                echo "report $report $(tr -d '\\n\\t' </tmp/$report)"
            done
            busybox httpd -h /tmp/www
            echo "serving"
            sleep 1000
            """.replace("UML_SWITCH", SWITCH_UML).replace("UML_STREAM", STREAM_UML)
            .replace("QEMU_SWITCH", SWITCH_QEMU).replace("QEMU_STREAM", STREAM_QEMU);

    private BusbarProcess busbar;
    private NetDevice pairs;
    private NetDevice peer;
    private NetDevice stream;
    private NetGuest uml;
    private Guest qemu;
    private RandomFile file;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        Host.require("iperf3", "iperf3");
        busbar = BusbarProcess.in(folder).start();
        file = RandomFile.make(folder.resolve("file"));
        Path socket = folder.resolve("stream");
        pairs = NetDevice.add(busbar, "pairs", "backend", "switch", "network", "lan", "max_vqp", "2");
        peer = NetDevice.add(busbar, "peer", "backend", "switch", "network", "lan");
        stream = NetDevice.add(busbar, "stream", "backend", "stream", "path", socket.toString(), "listen", "on");
        uml = NetGuest.boot(folder.resolve("uml"), peer, stream);
        uml.address("eth0", SWITCH_UML + "/24");
        uml.address("eth1", STREAM_UML + "/24");
        uml.serve(file);
        uml.run("iperf3 -s -D -p 5202");
        qemu = new Qemu(2, false, List.of(socket), "mrg_rxbuf=off").boot(GuestJob.of(SCRIPT).withNets(pairs.socket()));
        qemu.awaitLine("serving"::equals);
    }

    @AfterAll
    void stop() throws IOException {
        if (qemu != null) {
            qemu.close();
        }
        if (uml != null) {
            uml.close();
        }
        if (busbar != null) {
            busbar.close();
        }
    }

    @AfterEach
    void nothingWasLost() {
        for (NetDevice device : List.of(pairs, peer, stream)) {
            device.assertNothingLost();
        }
    }

    @Test
    void framesOfACardOfQemusOwnComeOverTheStreamAndGoBack() {
        assertThat(qemu.lines()).contains(STREAM_UML + ": " + file.sha256() + "  -");
        uml.ping(STREAM_QEMU, 1472);
        assertThat(uml.checksumOf("http://" + STREAM_QEMU + "/file")).isEqualTo(file.sha256());
        assertThat(stream.count("tx bytes")).isGreaterThan(16 << 20);
        assertThat(stream.count("rx bytes")).isGreaterThan(16 << 20);
    }

    @Test
    void atTheSwitchAFileArrivesWholeBothWays() {
        assertThat(qemu.lines()).contains(SWITCH_UML + ": " + file.sha256() + "  -");
        uml.ping(SWITCH_QEMU, 1472);
        assertThat(uml.checksumOf("http://" + SWITCH_QEMU + "/file")).isEqualTo(file.sha256());
    }

    @Test
    void tcpFlowsBothWaysThroughBothPairs() {
        System.out.printf("iperf3 from a guest in QEMU by two queue pairs: %s and %s, -R with 16 flows: %s%n",
                report("one"), report("two"), report("back"));
        for (int pair = 0; pair < 2; pair++) {
            assertThat(pairs.counts("rx packets").get(2 * pair)).as("received by pair %d", pair).isGreaterThan(100);
            assertThat(pairs.counts("tx packets").get(2 * pair + 1)).as("sent by pair %d", pair).isGreaterThan(100);
        }
        assertThat(busbar.ok("switch", "show", "lan")).containsPattern("pairs +1 +2 ");
    }

    private Iperf report(String name) {
        String line = qemu.awaitLine(text -> text.startsWith("report " + name + " "));
        return Iperf.of(line.substring(line.indexOf('{')));
    }
}
