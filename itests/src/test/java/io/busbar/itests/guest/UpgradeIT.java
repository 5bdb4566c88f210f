package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import io.busbar.itests.Eventually;
import io.busbar.itests.FalseSuccessor;
import io.busbar.itests.NewerDistribution;
import io.busbar.itests.Rounds;
import io.busbar.testkit.machine.TestNetwork;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process of Busbar is replaced again and again under a kernel that cannot connect again, which writes to its disks and reads
 * them back, streams and sends files from one network card to another, and has a console that is logged and two at which somebody
 * types; what refuses to be the new process is refused, and nothing is lost either.
 */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
final class UpgradeIT {

    private static final int UPGRADES = Rounds.or(10);
    private static final long MIB = 1 << 20;
    private static final Pattern PAUSE = Pattern.compile("no device was served for (\\d+) ms (\\(.*\\))");
    private static final String TAP_HOST = "10.7.0.1";
    private static final String TAP_GUEST = "10.7.0.2";
    private static final String NEWER = "9.8.7";

    @TempDir
    Path folder;

    private static final String SCRIPT = """
            set -e
            unshare -n sleep 100000 &
            until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do busybox usleep 20000; done
            ip link set eth1 netns $!
            there="nsenter -t $! -n"
            ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up
            $there ip link set lo up
            $there ip addr add 10.0.0.2/24 dev eth1 && $there ip link set eth1 up
            ip addr add TAP_GUEST/24 dev eth2 && ip link set eth2 up
            busybox ping -c 1 -w 30 TAP_HOST >/dev/null
            mkdir -p /tmp/www && dd if=/dev/urandom of=/tmp/www/file bs=64k count=8 2>/dev/null
            dd if=/tmp/www/file of=/dev/vdb bs=64k oflag=direct 2>/dev/null
            $there busybox httpd -h /tmp/www
            $there iperf3 -s -D
            (
                files=0
                until [ -e /tmp/end ]; do
                    busybox wget -q -O /tmp/got http://10.0.0.2/file && cmp /tmp/got /tmp/www/file || { echo "a file is lost"; exit 1; }
                    files=$((files + 1))
                done
                echo "files: $files"
            ) &
            files=$!
            (
                until [ -e /tmp/end ]; do
                    iperf3 --json -b 100M -t 2 -c 10.0.0.2 >/tmp/iperf || { cat /tmp/iperf; exit 1; }
                    echo "iperf3 $(tr -d '\\n\\t' </tmp/iperf)"
                done
            ) &
            stream=$!
            (
                exec 3>/dev/hvc0
                line=0
                until [ -e /tmp/end ]; do
                    line=$((line + 1))
                    echo "line $line" >&3
                    busybox usleep 10000
                done
                echo "end of $line lines" >&3
            ) &
            lines=$!
            talk /dev/hvc1 &
            talk /dev/hvc2 &
            echo writing
            rounds=0 longest=0
            until [ "$(cat /sys/block/vda/size)" = 131072 ]; do
                fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bsrange=4k-64k --size=16m \\
                    --ioengine=libaio --direct=1 --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                    --verify_state_save=0 --randseed=$RANDOM --output-format=json >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                rounds=$((rounds + 1))
                for max in $(grep -A 2 '"lat_ns"' /tmp/fio | sed -n 's/.*"max" : \\([0-9]*\\).*/\\1/p'); do
                    [ "$max" -le "$longest" ] || longest=$max
                done
            done
            touch /tmp/end
            wait $files
            wait $stream
            wait $lines
            dd if=/dev/vdb of=/tmp/kept bs=64k count=8 iflag=direct 2>/dev/null
            cmp /tmp/kept /tmp/www/file && echo "memory kept"
            busybox ping -c 3 -w 30 TAP_HOST >/dev/null && echo "host answers"
            echo "rounds verified: $rounds, longest completion $((longest / 1000000)) ms"
            dmesg | grep -E 'I/O error|blk_update|virtio.*(fail|reset|error)' || echo "kernel is quiet"
            """;

    @Test
    void aKernelThatWritesAndVerifiesNoticesNothingButPauses() throws IOException {
        Host.require("iperf3", "iperf3");
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(32 * MIB);
        }
        List<Pause> pauses = new ArrayList<>();
        List<ConsoleTalk> talks = new ArrayList<>();
        List<String> output;
        Path managerTold = folder.resolve("manager");
        Path notify = Files.createDirectories(folder.resolve("fake")).resolve("systemd-notify");
        Files.writeString(notify, "#!/bin/sh\necho \"$@\" >>'" + managerTold + "'\n");
        Files.setPosixFilePermissions(notify, PosixFilePermissions.fromString("rwx------"));
        try (TestNetwork host = TestNetwork.create();
                BusbarProcess busbar = BusbarProcess.in(folder)
                        .environment("NOTIFY_SOCKET", folder.resolve("no-socket").toString())
                        .environment("PATH", notify.getParent() + ":" + System.getenv("PATH"))
                        .start()) {
            addCards(busbar, host);
            addConsoles(busbar);
            busbar.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "file", "path", image.toString(),
                    "queues", "2");
            busbar.ok("vdpa", "dev", "add", "name", "ram0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
            GuestJob job = GuestJob.of(ConsoleTalk.GUEST + SCRIPT.replace("TAP_HOST", TAP_HOST).replace("TAP_GUEST", TAP_GUEST),
                            busbar.socket("disk0"), busbar.socket("ram0"))
                    .withNets(busbar.socket("net0"), busbar.socket("net1"), busbar.socket("tap0"))
                    .within(Duration.ofMinutes(3).plusSeconds(15L * UPGRADES));
            List<Path> consoles = List.of(busbar.socket("con0"), busbar.socket("con1"), busbar.socket("con2"));
            try (Guest guest = new Uml(consoles).boot(job);
                    ConsoleTalk terminal = ConsoleTalk.begin("a terminal", terminal());
                    ConsoleTalk connection = ConsoleTalk.begin("a socket", SocketChannel.open(UnixDomainSocketAddress.of(talkSocket())))) {
                talks.addAll(List.of(terminal, connection));
                guest.awaitLine("writing"::equals);
                refusals(busbar);
                long before = usedChains(busbar);
                for (int i = 0; i < UPGRADES; i++) {
                    pauses.add(upgrade(busbar));
                    long after = usedChains(busbar);
                    assertThat(after).as("the counter of requests goes on").isGreaterThanOrEqualTo(before);
                    before = after;
                    talks.forEach(ConsoleTalk::check);
                }
                assertThat(busbar.ok("vdpa", "dev", "vstats", "show", "disk0")).contains(" errors 0 ");
                int spoken = terminal.end() + connection.end();
                assertThat(spoken).as("lines that were answered").isGreaterThan(2 * UPGRADES);
                busbar.ok("block", "resize", "disk0", "64M");
                output = guest.awaitSuccess();
                assertThat(Files.readAllLines(managerTold)).as("what a service manager is told")
                        .contains("MAINPID=" + Files.readString(busbar.stateDir().resolve("default/busbar.pid")).strip());
                report(output, pauses, "lines typed and answered at a terminal and a socket: %d, the longest after %d ms".formatted(
                        spoken, Math.max(terminal.longest().toMillis(), connection.longest().toMillis())));
            }
        }
    }

    private void report(List<String> output, List<Pause> pauses, String talk) throws IOException {
        assertThat(output).contains("kernel is quiet", "memory kept", "host answers")
                .anyMatch(line -> line.matches("files: [1-9]\\d*"))
                .anyMatch(line -> line.matches("rounds verified: [1-9]\\d*, .*"));
        List<Iperf> streams = output.stream()
                .filter(line -> line.startsWith("iperf3 {"))
                .map(line -> Iperf.of(line.substring("iperf3 ".length())))
                .toList();
        assertThat(streams).as("streams of iperf3").isNotEmpty();
        pauses.sort(Comparator.comparingLong(Pause::millis));
        Rounds.report(("upgrade: %d upgrades of the process under fio, nothing lost; no device was served for p50 %d ms, longest %s; %s;"
                        + " between two cards %s by TCP and %d MiB in %d streams of iperf3; console lines: %d; %s")
                .formatted(UPGRADES, pauses.get(pauses.size() / 2).millis(), pauses.getLast(), line(output, "rounds verified"),
                        line(output, "files: "), streams.stream().mapToLong(Iperf::received).sum() / MIB, streams.size(), linesSaid(), talk));
    }

    private static String line(List<String> output, String before) {
        return output.stream().filter(line -> line.startsWith(before)).findFirst().orElseThrow();
    }

    /** What takes over has its own version, and says so; so has what takes over from that. */
    @Test
    void anotherVersionTakesOverAndSaysThatItIsOne() throws IOException {
        Path newer = NewerDistribution.make(folder.resolve("newer"), NEWER);
        Path image = Files.write(folder.resolve("disk.img"), new byte[1 << 20]);
        try (BusbarProcess busbar = BusbarProcess.in(folder).disk(image).start()) {
            assertThat(busbar.ok("bundle", "list")).doesNotContain(NEWER);
            Command done = busbar.upgrade(newer);
            assertThat(done.exit()).as(done.err() + done.out() + busbar.log()).isZero();

            assertThat(done.out()).contains("version " + NEWER + ", has all devices");
            assertThat(busbar.ok("bundle", "list").lines().filter(line -> line.contains("io.busbar.core.bus")))
                    .isNotEmpty().allMatch(line -> line.contains(NEWER));
            assertThat(busbar.ok("vdpa", "-j", "-d", "dev", "show", "disk0")).contains("io.busbar.backends.file " + NEWER, "io.busbar.devices.block " + NEWER);
            assertThat(Command.run(Duration.ofMinutes(1), Map.of(), List.of(newer.resolve("bin/busbar").toString(), "version")).out())
                    .isEqualTo("busbar " + NEWER + "\n");

            upgrade(busbar);
            assertThat(busbar.ok("vdpa", "-j", "-d", "dev", "show", "disk0")).contains("io.busbar.backends.file ").doesNotContain(NEWER);
        }
    }

    private void addConsoles(BusbarProcess busbar) {
        busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "log", "path", said().toString());
        busbar.ok("vdpa", "dev", "add", "name", "con1", "mgmtdev", "sim_console", "backend", "pty", "link", talkLink().toString());
        busbar.ok("vdpa", "dev", "add", "name", "con2", "mgmtdev", "sim_console", "backend", "socket", "path", talkSocket().toString());
    }

    private Path talkLink() {
        return folder.resolve("terminal");
    }

    private Path talkSocket() {
        return folder.resolve("talk");
    }

    private FileChannel terminal() throws IOException {
        return FileChannel.open(talkLink(), StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Two cards of one guest, in two network namespaces of its own, on one network; and one on the host's. */
    private static void addCards(BusbarProcess busbar, TestNetwork host) {
        for (String name : List.of("net0", "net1")) {
            busbar.ok("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_net", "backend", "switch", "network", "lan0");
        }
        busbar.ok("vdpa", "dev", "add", "name", "tap0", "mgmtdev", "sim_net", "backend", "tap", "netns", host.name(),
                "address", TAP_HOST + "/24");
    }

    private Path said() {
        return folder.resolve("con0.log");
    }

    /** Each line once, in order. */
    private long linesSaid() throws IOException {
        List<String> lines = Files.readAllLines(said());
        int last = lines.size() - 1;
        assertThat(lines.get(last)).isEqualTo("end of " + last + " lines");
        for (int i = 0; i < last; i++) {
            assertThat(lines.get(i)).isEqualTo("line " + (i + 1));
        }
        return last;
    }

    /**
     * How long no device was served.
     *
     * @param millis all of it
     * @param parts  of it, as they are printed
     */
    private record Pause(long millis, String parts) {

        @Override
        public String toString() {
            return millis + " ms " + parts;
        }
    }

    private static Pause upgrade(BusbarProcess busbar) {
        Command done = busbar.upgrade(Distribution.home());
        assertThat(done.exit()).as(done.err() + done.out() + busbar.log()).isZero();
        Matcher pause = PAUSE.matcher(done.out());
        assertThat(pause.find()).as(done.out()).isTrue();
        return new Pause(Long.parseLong(pause.group(1)), pause.group(2));
    }

    private void refusals(BusbarProcess busbar) throws IOException {
        refused(busbar, FalseSuccessor.distribution(folder.resolve("ends"), "exit 7"), "it ended with status 7");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("version"), FalseSuccessor.Way.OTHER_VERSION),
                "a record has version 3: expected 2");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("opens"), FalseSuccessor.Way.ENDS_AT_OPEN),
                "the other process has ended");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("adopts"), FalseSuccessor.Way.ENDS_AT_ADOPT),
                "the other process has ended");
        busbar.ok("vdpa", "dev", "add", "name", "own0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M",
                "driver_override", "virtio");
        refused(busbar, Distribution.home(),
                "own0 is bound by virtio, whose driver cannot go on in another process; this process goes on");
        busbar.ok("vdpa", "dev", "del", "own0");
        busbar.ok("vdpa", "dev", "add", "name", "near0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
        busbar.ok("vdpa", "dev", "add", "name", "far0", "mgmtdev", "vhost_user", "socket", busbar.socket("near0").toString(),
                "class", "block");
        refused(busbar, Distribution.home(),
                "far0 is of management device vhost_user, whose devices cannot go on in another process; this process goes on");
        busbar.ok("vdpa", "dev", "del", "far0");
        busbar.ok("vdpa", "dev", "del", "near0");
    }

    private static void refused(BusbarProcess busbar, Path home, String why) {
        long before = usedChains(busbar);
        Command refused = busbar.upgrade(home);
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains(why);
        assertThat(busbar.isAlive()).isTrue();
        Eventually.within(Duration.ofMinutes(1), () -> usedChains(busbar) > before, () -> "the guest's disk stands still: " + busbar.log());
    }

    private static long usedChains(BusbarProcess busbar) {
        return JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", "disk0")).getAsJsonObject()
                .getAsJsonObject("vstats").getAsJsonObject("disk0").getAsJsonArray("queues").asList().stream()
                .mapToLong(queue -> queue.getAsJsonObject().get("used chains").getAsLong())
                .sum();
    }
}
