package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a kernel was told to be flushed is there after Busbar was killed and the power was cut at the same time. The image lies
 * on a disk with a volatile cache, so that a flush that does nothing, or that comes before its writes, loses data.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class DurabilityIT {

    private static final int BLOCKS = 4096;
    private static final String FLUSHED = "flushed ";

    private final GuestKernel kernel = new Uml();

    @TempDir
    Path folder;

    private Path diskProgram;
    private Path loadProgram;

    @BeforeEach
    void compilePrograms() throws IOException {
        kernel.modules();
        diskProgram = CProgram.compile("volatile-disk", folder);
        loadProgram = CProgram.compile("flushed-writes", folder);
    }

    @Test
    void flushedBlocksSurviveAKillAndAPowerCutInTheMiddleOfWrites() throws IOException {
        for (int turns : new int[] {50, 333, 1500}) {
            assertThat(lostAfter(turns, false, false)).isEmpty();
        }
    }

    @Test
    void withoutAWriteCacheEveryCompletedWriteSurvives() throws IOException {
        assertThat(lostAfter(200, true, false)).isEmpty();
    }

    @Test
    void aDiskThatDoesNothingOnAFlushLosesBlocksSoTheseTestsWouldSeeIt() throws IOException {
        assertThat(lostAfter(100, false, true)).hasSizeGreaterThan(100);
    }

    /** Writes and flushes, kills Busbar and cuts the power after that many flushes, and tells what is lost. */
    private List<String> lostAfter(int turns, boolean writeThrough, boolean deafDisk) throws IOException {
        Path round = Files.createTempDirectory(folder, "");
        Path platters = round.resolve("platters");
        try (RandomAccessFile file = new RandomAccessFile(platters.toFile(), "rw")) {
            file.setLength((long) BLOCKS * FlushedWrites.BLOCK);
        }
        int flushed;
        try (VolatileDisk disk = VolatileDisk.over(diskProgram, platters, deafDisk)) {
            flushed = flushAndKill(turns, writeThrough, disk, round);
        }
        FlushedWrites writes = new FlushedWrites(BLOCKS, flushed);
        List<String> lost = writes.lostIn(platters);
        System.out.printf("durability, %s%s: killed after %d flushes of 16 writes, %d blocks to be found, %d lost%n",
                writeThrough ? "write through" : "write back", deafDisk ? ", flushes do nothing" : "", flushed,
                writes.blocksWritten(), lost.size());
        return lost;
    }

    private int flushAndKill(int turns, boolean writeThrough, VolatileDisk disk, Path round) throws IOException {
        DiskSpec spec = DiskSpec.of(disk.file());
        try (BlockServer server = BlockServers.start(round, disk.inside())) {
            Path socket = server.serve(writeThrough ? spec.asWriteThrough() : spec).socket();
            Guest guest = kernel.boot(GuestJob.of("""
                    cat /sys/block/vda/queue/write_cache
                    exec /tmp/flushed-writes /dev/vda %d
                    """.formatted(BLOCKS), socket).withFile("flushed-writes", loadProgram));
            try (guest) {
                assertThat(guest.awaitLine(line -> line.startsWith("write "))).isEqualTo(writeThrough ? "write through" : "write back");
                guest.awaitLine((FLUSHED + turns)::equals);
                server.kill();
                disk.close();
            }
            return guest.lines().stream()
                    .filter(line -> line.startsWith(FLUSHED))
                    .mapToInt(line -> Integer.parseInt(line.substring(FLUSHED.length())))
                    .max()
                    .orElseThrow();
        }
    }
}
