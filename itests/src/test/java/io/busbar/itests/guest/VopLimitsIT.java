package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What does not fit over VOP: a card's Linux, or who asks for it on the host, is told what docs/vop.md says. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
final class VopLimitsIT {

    private static final Path DOCUMENT = Path.of(System.getProperty("busbar.source")).resolve("docs/vop.md");

    private Path folder;
    private Home home;
    private BusbarProcess busbar;

    @BeforeAll
    void start(@TempDir Path directory) {
        Host.require("linux.uml", "user-mode-linux");
        folder = directory;
        home = Home.onCard(folder);
        busbar = home.busbar();
    }

    @AfterAll
    void stop() {
        if (home != null) {
            home.close();
        }
    }

    private Path add(String device, String type, String... words) {
        home.add(device, type, words);
        return home.socket(device);
    }

    private Command addSmall(String name) {
        return busbar.command("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_block", "backend", "memory", "size", "1M",
                "driver_override", "vop-mic0");
    }

    private void remove(String name) {
        busbar.ok("vdpa", "dev", "del", home.placement().name(name));
    }

    private static void assertDocumented(String sentence) throws IOException {
        assertThat(Files.readString(DOCUMENT)).contains("`" + sentence + "`");
    }

    @Test
    void aDiskOfMoreQueuesThanFourHasOneAndItsWriteCacheIsNotTheGuests() throws IOException {
        Path disk = add("wide", "sim_block", "backend", "memory", "size", "16M", "queues", "8");
        List<String> output = new Uml().run(GuestJob.ofBusybox("""
                echo "queues: $(ls /sys/block/vda/mq | wc -l)"
                echo "segments: $(cat /sys/block/vda/queue/max_segments)"
                echo "write through" >/sys/block/vda/cache_type
                head -c 1048576 /dev/urandom >/tmp/noise
                dd if=/tmp/noise of=/dev/vda bs=64k 2>/dev/null && sync && echo 3 >/proc/sys/vm/drop_caches
                head -c 1048576 /dev/vda | cmp - /tmp/noise && echo "whole"
                """, disk));
        assertThat(output).contains("queues: 1", "segments: 126", "whole").anyMatch(line -> line.endsWith("cache_type: Permission denied"));
        assertDocumented("Permission denied");
        remove("wide");
    }

    @Test
    void aCardOfSeveralPairsHasOneAndNoControlQueue() throws IOException {
        Host.require("ethtool", "ethtool");
        Path net = add("pairs", "sim_net", "max_vqp", "3", "backend", "loopback");
        List<String> output = new Uml().run(GuestJob.of("""
                ethtool -L eth0 combined 2
                ethtool -K eth0 rx-gro-hw off
                echo "queues: $(ls /sys/class/net/eth0/queues | tr '\\n' ' ')"
                """).withNets(net));
        assertThat(output).contains("queues: rx-0 tx-0 ");
        assertThat(output).as("of ethtool -L").anyMatch("netlink error: Invalid argument"::equals);
        assertDocumented("netlink error: Invalid argument");
        remove("pairs");
    }

    @Test
    void aConsoleHasNoNamedPorts() throws IOException {
        Path console = add("ports", "sim_console", "ports", "data", "backend", "log", "path", folder.resolve("ports.log").toString());
        List<String> output = new Uml(List.of(console)).run(GuestJob.ofBusybox("""
                until [ -c /dev/hvc0 ]; do usleep 20000; done
                echo "to the console" >/dev/hvc0
                ls /dev/vport0p1
                """ + "true\n"));
        assertThat(output).contains("ls: /dev/vport0p1: No such file or directory");
        assertDocumented("No such file or directory");
        remove("ports");
    }

    /** A front-end may have longer rings than the host's part of them: they are two. */
    @Test
    void aRingOfTheHostHas128EntriesHoweverLongTheDriversOwnIs() throws IOException {
        add("ring", "sim_block", "backend", "memory", "size", "1M");
        assertThat(busbar.ok("vdpa", "-d", "dev", "show")).contains("max_vq_size 1024", "link_queue_sizes 128");
        assertDocumented("link_queue_sizes 128");
        remove("ring");
    }

    @Test
    void aPageThatIsFullRefusesTheNextDeviceAndTakesOneWhenThereIsRoom() throws IOException {
        int added = 0;
        Command refused = addSmall("full" + added);
        while (refused.exit() == 0) {
            refused = addSmall("full" + ++added);
        }
        assertThat(added).isGreaterThan(20);
        assertThat(refused.err()).containsPattern("the device page of mic0 is full: full" + added + " needs 160 bytes, and \\d+ are left");
        assertDocumented("the device page of mic0 is full: NAME needs 160 bytes, and N are left");
        busbar.ok("vdpa", "dev", "del", "full3");
        assertThat(addSmall("another").exit()).isZero();
        busbar.ok("vdpa", "dev", "del", "another");
        for (int i = 0; i <= added; i++) {
            busbar.command("vdpa", "dev", "del", "full" + i);
        }
    }

    @Test
    void aProcessWithDevicesOnACardIsNotReplacedUnderThem() throws IOException {
        add("stays", "sim_block", "backend", "memory", "size", "1M");
        Command refused = Command.run(Duration.ofMinutes(2),
                Map.of("BUSBAR_STATE_DIR", busbar.stateDir().toString(), "JAVA_HOME", System.getProperty("java.home")),
                List.of(Distribution.script().toString(), "upgrade"));
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).containsPattern("mic0/block\\d+ is on a bus that cannot go on in another process; this process goes on");
        assertDocumented("mic0/block0 is on a bus that cannot go on in another process; this process goes on");
        remove("stays");
    }
}
