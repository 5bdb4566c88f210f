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

    static final int MIB = 1 << 20;

    final GuestKernel kernel;
    final int queues;

    @TempDir
    Path folder;

    BlockServer server;
    private long started;

    KernelTests(GuestKernel kernel, int queues) {
        this.kernel = kernel;
        this.queues = queues;
    }

    @BeforeAll
    void startServer(@TempDir Path state) throws IOException {
        kernel.modules();
        server = BlockServers.start(state);
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

    /** Boots the kernel again and again on one socket, kills it in the middle of writes, and looks at everything in the end. */
    final void killAndBootAgain(int times) throws IOException {
        Path image = disk("disk", 64);
        Host.check(Duration.ofSeconds(20), "mkfs.ext4", "-q", "-F", image.toString());
        try (BlockServer.Disk disk = server.serve(DiskSpec.of(image).withQueues(queues))) {
            for (int turn = 1; turn <= times; turn++) {
                GuestJob job = GuestJob.of("""
                        set -e
                        mount -t ext4 /dev/vda /mnt
                        for i in $(seq $((TURN - 1))); do echo "turn $i" | cmp - /mnt/turn$i; done
                        echo "turn TURN" >/mnt/turnTURN
                        sync
                        echo "alive TURN"
                        while true; do dd if=/dev/urandom of=/mnt/noise bs=64k count=64 conv=fsync status=none; done
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
            assertThat(output).contains(Integer.toString(times));
        }
    }

    /** What a disk was used for: what the script in the guest printed, and what the queues have counted. */
    record Served(List<String> output, List<Map<String, Long>> counters) {

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

    final Served run(String script, DiskSpec spec) throws IOException {
        try (BlockServer.Disk disk = server.serve(spec.withQueues(queues))) {
            List<String> output = kernel.run(GuestJob.of(script, disk.socket()));
            return new Served(output, disk.counters());
        }
    }

    final Path disk(String name, int mebibytes) throws IOException {
        Path image = folder.resolve(name + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes * MIB);
        }
        return image;
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    static void fillWithNoise(Path image) throws IOException {
        byte[] noise = new byte[Math.toIntExact(Files.size(image))];
        new Random(20261120).nextBytes(noise);
        Files.write(image, noise);
        Host.check(Duration.ofSeconds(20), "sync", image.toString());
    }

    private static long allocatedBytes(Path image) {
        String blocks = Host.check(Duration.ofSeconds(5), "stat", "-c", "%b", image.toString());
        return Long.parseLong(blocks.strip()) * 512;
    }

    static String sha256(Path image) {
        return Host.check(Duration.ofSeconds(20), "sha256sum", image.toString()).split(" ")[0];
    }
}
