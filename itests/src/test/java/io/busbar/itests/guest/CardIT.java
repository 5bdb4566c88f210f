package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An X100 card whose operating system is Linux in User Mode Linux, with devices of several types. */
@Timeout(value = 10, unit = MINUTES)
final class CardIT {

    private static final Duration ANSWER = Duration.ofSeconds(60);
    private static final int SWAPS = 30;

    private Path folder;
    private Home home;
    private BusbarProcess busbar;

    @BeforeEach
    void start() throws IOException {
        Host.require("linux.uml", "user-mode-linux");
        folder = Files.createTempDirectory("vop");
        home = Home.onCard(folder);
        busbar = home.busbar();
    }

    @AfterEach
    void stop() throws IOException {
        if (home != null) {
            home.close();
        }
        GuestKernel.delete(folder);
    }

    private Path add(String device, String type, String... words) {
        home.add(device, type, words);
        return home.socket(device);
    }

    private Path image(long bytes) throws IOException {
        Path image = folder.resolve("disk");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return image;
    }

    @Test
    void aBackendIsSwappedWhileTheCardReadsBackWhatItWrites() throws IOException {
        String image = image(64L << 20).toString();
        Path disk = add("disk0", "sim_block", "backend", "file", "path", image);
        GuestJob job = GuestJob.of("""
                set -e
                for round in $(seq 1000); do
                    fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bs=4k --size=8m --iodepth=16 --ioengine=libaio \\
                        --direct=1 --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=$RANDOM >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                    echo "round $round"
                done
                """, disk);
        try (Guest guest = new Uml().boot(job)) {
            guest.awaitLine("round 1"::equals);
            long reads = CardLink.of(busbar, "mic0").ofQueues("reads");
            for (int swap = 0; swap < SWAPS; swap++) {
                busbar.ok("backend", "swap", "mic0-disk0", "file", "path", image);
            }
            guest.awaitLine(line -> line.startsWith("round ") && Integer.parseInt(line.substring(6)) > 3);
            assertThat(CardLink.of(busbar, "mic0").ofQueues("reads")).as("reads over the link, after the start").isEqualTo(reads);
        }
        assertThat(busbar.ok("vdpa", "-j", "dev", "vstats", "show", "mic0-disk0")).doesNotContain("\"broken\":1");
    }

    /** The card's bus has a device as long as the host has published it; what a running Linux does then is its hot plug. */
    @Test
    void aDiskIsAddedToARunningCardAndRemovedAgainAndAnotherTakesItsPlace() throws IOException {
        Path disk = add("disk0", "sim_block", "backend", "memory", "size", "16M");
        Path slot = busbar.socket("mic0/block1");
        Uml kernel = Uml.withSlots(slot, slot, slot);
        try (Guest guest = kernel.boot(GuestJob.ofBusybox("""
                set -e
                driver=/sys/bus/platform/drivers/virtio-uml
                head -c 1048576 /dev/urandom >/tmp/noise
                echo "booted"
                for turn in 1 2 3; do
                    until echo virtio-uml.$turn >$driver/bind 2>/dev/null; do usleep 50000; done
                    until new=$(ls /dev/vd? | grep -v vda); do usleep 20000; done
                    echo "added $turn of $(($(cat /sys/block/${new##*/}/size) / 2048)) MiB"
                    dd if=/tmp/noise of=$new bs=64k 2>/dev/null
                    sync
                    echo 3 >/proc/sys/vm/drop_caches
                    head -c 1048576 $new | cmp - /tmp/noise
                    echo "used $turn"
                    while [ -b $new ]; do usleep 20000; done
                    echo "removed $turn"
                    dd if=/tmp/noise of=/dev/vda bs=64k 2>/dev/null
                    sync
                done
                """, disk))) {
            guest.awaitLine("booted"::equals);
            for (int turn = 1; turn <= 3; turn++) {
                add("later", "sim_block", "backend", "memory", "size", turn + "M");
                guest.awaitLine(("added " + turn + " of " + turn + " MiB")::equals);
                guest.awaitLine(("used " + turn)::equals);
                busbar.ok("vdpa", "dev", "del", "mic0-later");
                guest.awaitLine(("removed " + turn)::equals);
                assertThat(busbar.ok("vdpa", "dev", "show")).contains("mic0/block0").doesNotContain("mic0/block1");
            }
            guest.awaitSuccess();
        }
        assertThat(busbar.ok("x100", "page", "mic0")).doesNotContain("block@184");
    }

    @Test
    void theCardsConsoleIsWrittenToAFileOfTheHost() throws IOException {
        Path log = folder.resolve("log");
        Path console = add("con0", "sim_console", "backend", "log", "path", log.toString());
        new Uml(List.of(console)).run(GuestJob.of("for i in $(seq 1000); do echo \"line $i\" >/dev/hvc0; done"));
        Eventually.within(ANSWER, () -> read(log).lines().filter(line -> line.startsWith("line ")).count() == 1000,
                () -> read(log));
    }

    @Test
    void aCardHasAllThreeTypesAtOnce() throws IOException {
        Path disk = add("disk0", "sim_block", "backend", "memory", "size", "16M");
        Path net = add("net0", "sim_net", "backend", "loopback");
        Path log = folder.resolve("log");
        Path console = add("con0", "sim_console", "backend", "log", "path", log.toString());
        List<String> output = new Uml(List.of(console)).run(GuestJob.of("""
                set -e
                dd if=/dev/urandom of=/tmp/noise bs=1M count=8 status=none
                dd if=/tmp/noise of=/dev/vda bs=1M oflag=direct conv=fsync status=none
                dd if=/dev/vda bs=1M count=8 iflag=direct status=none | cmp - /tmp/noise
                echo "net $(cat /sys/class/net/eth0/address)"
                echo "hello" >/dev/hvc0
                """, disk).withNets(net));
        assertThat(output).anyMatch(line -> line.startsWith("net "));
        Eventually.within(ANSWER, () -> read(log).contains("hello"), () -> read(log));
        assertThat(busbar.ok("x100", "page", "mic0")).contains("block").contains("net").contains("console");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
