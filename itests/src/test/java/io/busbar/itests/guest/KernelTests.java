package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every kernel must be able to do with a disk of ours. One server serves the disks of all tests of a class, one after the other. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
abstract class KernelTests {

    private static final int MIB = 1 << 20;
    private static final int KILLS = 20;
    /** What a program of the host may take, on a machine with other work to do. */
    private static final Duration HOST_LIMIT = Duration.ofMinutes(2);

    private final GuestKernel kernel;
    private final int queues;

    @TempDir
    Path folder;

    private BlockServer server;
    private long started;

    KernelTests(GuestKernel kernel, int queues) {
        this.kernel = kernel;
        this.queues = queues;
    }

    @BeforeAll
    void startServer(@TempDir Path state) throws IOException {
        kernel.modules();
        server = server(state);
    }

    /** Starts what serves the disks. */
    BlockServer server(Path state) throws IOException {
        return BlockServers.start(state);
    }

    /** How often a guest is killed in the middle of writes. */
    int kills() {
        return KILLS;
    }

    @AfterAll
    void stopServer() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void takeTime() {
        started = System.nanoTime();
    }

    @AfterEach
    void tellTime(TestInfo test) {
        System.out.printf("%s, %s: %.1f s%n", kernel.name(), test.getDisplayName(), (System.nanoTime() - started) / 1e9);
    }

    @Test
    void aFileSystemIsMadeFilledCheckedFoundWholeAgainAndItsFreedRoomGivenBack() throws IOException {
        Path image = disk("disk", 64);
        Served served = run("""
                set -e -o pipefail
                mkfs.ext4 -q -F /dev/vda
                mount -t ext4 /dev/vda /mnt
                mkdir /mnt/many
                for i in {1..60}; do head -c $((i * 3001)) /dev/urandom >/mnt/many/$i; done
                head -c 16M /dev/urandom >/mnt/big
                (cd /mnt && find . -type f -print0 | xargs -0 sha256sum) >/tmp/sums
                umount /mnt
                fsck.ext4 -f -n /dev/vda
                mount -t ext4 /dev/vda /mnt
                (cd /mnt && sha256sum --quiet -c /tmp/sums)
                echo "files whole: $(find /mnt -type f | wc -l)"
                rm /mnt/big
                sync
                fstrim /mnt
                umount /mnt
                """, image);

        assertThat(served.output()).contains("files whole: 61");
        served.assertCounted("reads", "writes", "flushes", "discards");
        assertThat(allocatedBytes(image)).as("room that is left when a file of 16 MiB was freed").isLessThan(16L * MIB);
    }

    @Test
    void randomWritesOfFioAreReadBackWithTheirChecksums() throws IOException {
        Served served = run("""
                verify() {
                    fio --name=verify --thread --filename=/dev/vda --rw=randwrite --ioengine=libaio --direct=1 \\
                        --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=$RANDOM "$@" >/tmp/fio 2>&1 || { cat /tmp/fio; exit 1; }
                    echo "$* $(grep -o 'issued rwts: total=[0-9]*,[0-9]*' /tmp/fio)"
                }
                for depth in 1 32; do
                    for processor in $(seq 0 $(($(nproc) - 1))); do
                        verify --bs=512 --size=1m --iodepth=$depth --cpus_allowed=$processor
                        verify --bs=4k --size=8m --iodepth=$depth --cpus_allowed=$processor
                        verify --bsrange=512-256k --size=16m --iodepth=$depth --cpus_allowed=$processor
                    done
                done
                """, disk("disk", 64));

        assertThat(served.output()).filteredOn(line -> line.contains("issued")).hasSize(6 * queues);
        served.output().forEach(System.out::println);
        assertThat(served.counters()).allSatisfy(queue -> assertThat(queue.get("writes")).as("%s", queue).isPositive());
    }

    @Test
    void discardedAndZeroedRangesReadAsZeroesAndTakeNoRoomInTheImage() throws IOException {
        Path image = disk("disk", 32);
        fillWithNoise(image);
        byte[] before = Files.readAllBytes(image);
        long allocated = allocatedBytes(image);

        Served served = run("""
                set -e
                blkdiscard -o 4M -l 8M /dev/vda
                fallocate -p -o 16M -l 4M /dev/vda
                blkdiscard -z -o 24M -l 2M /dev/vda
                for range in 4:8 16:4 24:2; do
                    cmp -n $((${range#*:} << 20)) -i $((${range%:*} << 20)):0 /dev/vda /dev/zero
                done
                """, image);

        Arrays.fill(before, 4 * MIB, 12 * MIB, (byte) 0);
        Arrays.fill(before, 16 * MIB, 20 * MIB, (byte) 0);
        Arrays.fill(before, 24 * MIB, 26 * MIB, (byte) 0);
        assertThat(Files.mismatch(image, write("expected", before))).isEqualTo(-1);
        assertThat(allocated - allocatedBytes(image)).isCloseTo(12L * MIB, within(64L * 1024));
        served.assertCounted("discards", "write_zeroes");
    }

    @Test
    void aReadOnlyDiskRefusesWritesAndKeepsItsContent() throws IOException {
        Path image = disk("disk", 16);
        fillWithNoise(image);
        byte[] before = Files.readAllBytes(image);

        Served served = run("""
                set -e
                echo "read-only: $(blockdev --getro /dev/vda)"
                if dd if=/dev/zero of=/dev/vda bs=4k count=1 oflag=direct; then echo "write accepted"; exit 1; fi
                if blkdiscard /dev/vda; then echo "discard accepted"; exit 1; fi
                sha256sum </dev/vda
                """, DiskSpec.of(image).asReadOnly());

        assertThat(served.output()).contains("read-only: 1", sha256(image) + "  -");
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }

    @Test
    void twoDisksWorkAtOnceAndAreNotMixedUp() throws IOException {
        Path first = disk("first", 32);
        Path second = disk("second", 32);
        try (BlockServer.Disk a = server.serve(DiskSpec.of(first).withQueues(queues));
                BlockServer.Disk b = server.serve(DiskSpec.of(second).withQueues(queues))) {
            List<String> output = kernel.run(GuestJob.of("""
                    set -e
                    fio --minimal --thread --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=8 --size=16m \\
                        --verify=crc32c --verify_fatal=1 --name=a --filename=/dev/vda --name=b --filename=/dev/vdb >/tmp/fio || { cat /tmp/fio; exit 1; }
                    echo a >/dev/vda
                    echo b >/dev/vdb
                    sync
                    echo "a $(sha256sum </dev/vda)"
                    echo "b $(sha256sum </dev/vdb)"
                    """, a.socket(), b.socket()));

            assertThat(output).contains("a %s  -".formatted(sha256(first)), "b %s  -".formatted(sha256(second)));
            assertThat(sha256(first)).isNotEqualTo(sha256(second));
        }
    }

    @Test
    void aNewSizeIsSeenByTheRunningGuestAndItsRoomCanBeUsed() throws IOException {
        Path image = disk("disk", 16);
        try (BlockServer.Disk disk = server.serve(DiskSpec.of(image).withQueues(queues));
                Guest guest = kernel.boot(GuestJob.of("""
                        set -e
                        echo "sectors $(cat /sys/block/vda/size)"
                        until [ "$(cat /sys/block/vda/size)" = 65536 ]; do sleep 0.05; done
                        dd if=/dev/urandom of=/tmp/noise bs=1M count=1 status=none
                        dd if=/tmp/noise of=/dev/vda bs=1M seek=31 oflag=direct conv=fsync status=none
                        dd if=/dev/vda bs=1M skip=31 iflag=direct status=none | cmp - /tmp/noise
                        """, disk.socket()))) {
            guest.awaitLine("sectors 32768"::equals);
            disk.resize(32L * MIB);
            guest.awaitSuccess();
        }
        assertThat(Files.size(image)).isEqualTo(32L * MIB);
    }

    /** It resets the disk when it goes, and sets it up anew. */
    @Test
    void aDriverThatIsTakenAwayAndBoundAgainFindsItsDiskAsItWas() throws IOException {
        Served served = run("""
                set -e
                head -c 2M /dev/urandom >/tmp/noise
                device=$(basename $(readlink -f /sys/block/vda/device))
                for turn in 1 2 3 4 5; do
                    dd if=/tmp/noise of=/dev/vda bs=64k seek=$turn oflag=direct status=none
                    echo $device >/sys/bus/virtio/drivers/virtio_blk/unbind
                    [ ! -e /sys/block/vda ]
                    echo $device >/sys/bus/virtio/drivers/virtio_blk/bind
                    until [ -b /dev/vda ]; do sleep 0.02; done
                    dd if=/dev/vda bs=64k skip=$turn count=32 iflag=direct status=none | cmp - /tmp/noise
                    echo "turn $turn"
                done
                """, disk("disk", 16));
        assertThat(served.output()).contains("turn 5");
    }

    /** On one socket; everything is looked at in the end. */
    @Test
    void aGuestThatIsKilledInTheMiddleOfWritesFindsItsDiskAgain() throws IOException {
        Path image = disk("disk", 64);
        Host.check(HOST_LIMIT, "mkfs.ext4", "-q", "-F", image.toString());
        try (BlockServer.Disk disk = server.serve(DiskSpec.of(image).withQueues(queues))) {
            for (int turn = 1; turn <= kills(); turn++) {
                GuestJob job = GuestJob.ofBusybox("""
                        set -e
                        mount -t ext4 /dev/vda /mnt
                        for i in $(seq $((TURN - 1))); do
                            read -r line </mnt/turn$i
                            [ "$line" = "turn $i" ]
                        done
                        while true; do dd if=/dev/urandom of=/mnt/noise bs=64k count=16 conv=fsync status=none; done &
                        echo "turn TURN" >/mnt/turnTURN
                        sync
                        echo "alive TURN"
                        wait
                        """.replace("TURN", Integer.toString(turn)), disk.socket());
                try (Guest guest = kernel.boot(job)) {
                    guest.awaitLine(("alive " + turn)::equals);
                }
            }
            List<String> output = kernel.run(GuestJob.of("""
                    set -e
                    mount -t ext4 /dev/vda /mnt
                    cat /mnt/turn* | wc -l
                    umount /mnt
                    fsck.ext4 -f -n /dev/vda
                    """, disk.socket()));
            assertThat(output).contains(Integer.toString(kills()));
        }
    }

    /** What a disk was used for: what the script in the guest printed, and what the queues have counted. */
    private record Served(List<String> output, List<Map<String, Long>> counters) {

        void assertCounted(String... names) {
            if (counters.isEmpty()) {
                return; // the control does not count
            }
            for (String name : names) {
                assertThat(counters).as(name).anySatisfy(queue -> assertThat(queue.get(name)).isPositive());
            }
        }
    }

    private Served run(String script, Path image) throws IOException {
        return run(script, DiskSpec.of(image));
    }

    private Served run(String script, DiskSpec spec) throws IOException {
        try (BlockServer.Disk disk = server.serve(spec.withQueues(queues))) {
            List<String> output = kernel.run(GuestJob.of(script, disk.socket()));
            return new Served(output, disk.counters());
        }
    }

    private Path disk(String name, int mebibytes) throws IOException {
        Path image = folder.resolve(name + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes * MIB);
        }
        return image;
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static void fillWithNoise(Path image) throws IOException {
        byte[] noise = new byte[Math.toIntExact(Files.size(image))];
        new Random(20261120).nextBytes(noise);
        Files.write(image, noise);
        Host.check(HOST_LIMIT, "sync", image.toString());
    }

    private static long allocatedBytes(Path image) {
        String blocks = Host.check(HOST_LIMIT, "stat", "-c", "%b", image.toString());
        return Long.parseLong(blocks.strip()) * 512;
    }

    static String sha256(Path image) {
        return Host.check(HOST_LIMIT, "sha256sum", image.toString()).split(" ")[0];
    }
}
