package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import io.busbar.itests.Eventually;
import io.busbar.itests.FalseSuccessor;
import io.busbar.itests.Rounds;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process of Busbar is replaced again and again under a kernel that cannot connect again, which writes to its disk and reads
 * it back, sends files from one network card to another, and writes to its console; what refuses to be the new process is refused,
 * and nothing is lost either.
 */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
final class UpgradeIT {

    private static final int UPGRADES = Rounds.or(10);
    private static final long MIB = 1 << 20;
    private static final Pattern PAUSE = Pattern.compile("no device was served for (\\d+) ms");

    @TempDir
    Path folder;

    @Test
    void aKernelThatWritesAndVerifiesNoticesNothingButPauses() throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(32 * MIB);
        }
        List<Long> pauses = new ArrayList<>();
        List<String> output;
        Path managerTold = folder.resolve("manager");
        Path notify = Files.createDirectories(folder.resolve("fake")).resolve("systemd-notify");
        Files.writeString(notify, "#!/bin/sh\necho \"$@\" >>'" + managerTold + "'\n");
        Files.setPosixFilePermissions(notify, PosixFilePermissions.fromString("rwx------"));
        try (BusbarProcess busbar = BusbarProcess.in(folder)
                .environment("NOTIFY_SOCKET", folder.resolve("no-socket").toString())
                .environment("PATH", notify.getParent() + ":" + System.getenv("PATH"))
                .start()) {
            addCards(busbar);
            busbar.ok("vdpa", "dev", "add", "name", "con0", "mgmtdev", "sim_console", "backend", "log", "path", said().toString());
            busbar.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "file", "path", image.toString(),
                    "queues", "2");
            try (Guest guest = new Uml(List.of(busbar.socket("con0"))).boot(GuestJob.of("""
                    set -e
                    unshare -n sleep 100000 &
                    until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do busybox usleep 20000; done
                    ip link set eth1 netns $!
                    there="nsenter -t $! -n"
                    ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up
                    $there ip addr add 10.0.0.2/24 dev eth1 && $there ip link set eth1 up
                    mkdir -p /tmp/www && dd if=/dev/urandom of=/tmp/www/file bs=64k count=8 2>/dev/null
                    $there busybox httpd -h /tmp/www
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
                    echo writing
                    rounds=0 longest=0
                    until [ "$(cat /sys/block/vda/size)" = 131072 ]; do
                        fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bsrange=4k-64k --size=16m \\
                            --ioengine=libaio --direct=1 --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                            --randseed=$RANDOM --output-format=json >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                        rounds=$((rounds + 1))
                        for max in $(grep -A 2 '"lat_ns"' /tmp/fio | sed -n 's/.*"max" : \\([0-9]*\\).*/\\1/p'); do
                            [ "$max" -le "$longest" ] || longest=$max
                        done
                    done
                    touch /tmp/end
                    wait $files
                    wait $lines
                    echo "rounds verified: $rounds, longest completion $((longest / 1000000)) ms"
                    dmesg | grep -E 'I/O error|blk_update|virtio.*(fail|reset|error)' || echo "kernel is quiet"
                    """, busbar.socket("disk0")).withNets(busbar.socket("net0"), busbar.socket("net1")).within(Duration.ofMinutes(3).plusSeconds(15L * UPGRADES)))) {
                guest.awaitLine("writing"::equals);
                refusals(busbar);
                long before = usedChains(busbar);
                for (int i = 0; i < UPGRADES; i++) {
                    pauses.add(upgrade(busbar));
                    long after = usedChains(busbar);
                    assertThat(after).as("the counter of requests goes on").isGreaterThanOrEqualTo(before);
                    before = after;
                }
                assertThat(busbar.ok("vdpa", "dev", "vstats", "show", "disk0")).contains(" errors 0 ");
                busbar.ok("block", "resize", "disk0", "64M");
                output = guest.awaitSuccess();
                assertThat(Files.readAllLines(managerTold)).as("what a service manager is told")
                        .contains("MAINPID=" + Files.readString(busbar.stateDir().resolve("default/busbar.pid")).strip());
            }
        }
        assertThat(output).contains("kernel is quiet").anyMatch(line -> line.matches("files: [1-9]\\d*")).anyMatch(line -> line.matches("rounds verified: [1-9]\\d*, .*"));
        pauses.sort(null);
        Rounds.report("upgrade: %d upgrades of the process under fio, nothing lost; no device was served for p50 %d ms, longest %d ms; %s"
                .formatted(UPGRADES, pauses.get(pauses.size() / 2), pauses.getLast(),
                        output.stream().filter(line -> line.startsWith("rounds verified")).findFirst().orElseThrow())
                + ", %s by TCP between two cards, console lines: %d".formatted(
                        output.stream().filter(line -> line.startsWith("files: ")).findFirst().orElseThrow(), linesSaid()));
    }

    /** Two cards of one guest, in two network namespaces of its own, on one network. */
    private static void addCards(BusbarProcess busbar) {
        for (String name : List.of("net0", "net1")) {
            busbar.ok("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_net", "backend", "switch", "network", "lan0");
        }
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

    private static long upgrade(BusbarProcess busbar) {
        Command done = busbar.upgrade(Distribution.home());
        assertThat(done.exit()).as(done.err() + done.out() + busbar.log()).isZero();
        Matcher pause = PAUSE.matcher(done.out());
        assertThat(pause.find()).as(done.out()).isTrue();
        return Long.parseLong(pause.group(1));
    }

    private void refusals(BusbarProcess busbar) throws IOException {
        refused(busbar, FalseSuccessor.distribution(folder.resolve("ends"), "exit 7"), "it ended with status 7");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("version"), FalseSuccessor.Way.OTHER_VERSION),
                "a record has version 2: expected 1");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("opens"), FalseSuccessor.Way.ENDS_AT_OPEN),
                "the other process has ended");
        refused(busbar, FalseSuccessor.distribution(folder.resolve("adopts"), FalseSuccessor.Way.ENDS_AT_ADOPT),
                "the other process has ended");
        busbar.ok("vdpa", "dev", "add", "name", "ram0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
        refused(busbar, Distribution.home(),
                "ram0: backend memory cannot go on in another process: what it has is in this one; this process goes on");
        busbar.ok("vdpa", "dev", "del", "ram0");
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
