package io.busbar.tools.bench.block;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.tools.bench.device.TinyDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoadGeneratorTest {

    private static final int BLOCKS = 256;
    private static final LoadRun RUN =
            new LoadRun(TimeUnit.MILLISECONDS.toNanos(20), TimeUnit.MILLISECONDS.toNanos(200));

    @TempDir
    private Path directory;

    private final DiskContent content = new DiskContent(BLOCKS);
    private final byte[] disk = stampedDisk();

    @ParameterizedTest
    @EnumSource
    void a_device_that_works_has_figures_and_no_errors(Workload workload) throws IOException {
        try (TinyDevice _ = TinyDevice.at(socket(), disk, new TinyDevice.Faults())) {
            Measurement measurement = RUN.measure(socket(), workload, content, true, 1);

            assertThat(measurement.errors()).isZero();
            assertThat(measurement.iops()).isPositive();
            assertThat(measurement.p50Nanos()).isPositive().isLessThanOrEqualTo(measurement.p99Nanos());
            assertThat(ReadBack.differences(socket(), content)).isZero();
        }
    }

    @Test
    void wrong_data_is_an_error() throws IOException {
        disk[disk.length / 4 * 3] ^= 1;
        try (TinyDevice _ = TinyDevice.at(socket(), disk, new TinyDevice.Faults())) {
            assertFindsErrors(Workload.SEQUENTIAL_READ_4);
            assertThat(ReadBack.differences(socket(), content)).isEqualTo(1);
        }
    }

    @Test
    void a_failed_request_is_an_error() throws IOException {
        try (TinyDevice _ = TinyDevice.at(socket(), disk, new TinyDevice.Faults() {
            @Override
            public byte status(int type, long sector, byte right) {
                return sector == 8 ? VirtioBlk.VIRTIO_BLK_S_IOERR : right;
            }
        })) {
            assertFindsErrors(Workload.RANDOM_READ_32);
        }
    }

    @Test
    void lost_writes_are_found_when_the_disk_is_read_back() throws IOException {
        try (TinyDevice _ = TinyDevice.at(socket(), disk, new TinyDevice.Faults() {
            @Override
            public boolean keepsWrites() {
                return false;
            }
        })) {
            RUN.measure(socket(), Workload.RANDOM_WRITE_32, content, true, 1);

            assertThat(ReadBack.differences(socket(), content)).isPositive();
        }
    }

    @Test
    void a_disk_that_is_smaller_than_its_content_is_refused() throws IOException {
        try (TinyDevice _ = TinyDevice.at(socket(), new byte[4096], new TinyDevice.Faults())) {
            assertThatThrownBy(() -> RUN.measure(socket(), Workload.RANDOM_READ_1, content, true, 1))
                    .hasMessageContaining("4096 bytes").hasMessageContaining("1048576");
        }
    }

    @Test
    void a_disk_can_be_written_through_its_device() throws IOException {
        byte[] empty = new byte[disk.length];
        try (TinyDevice _ = TinyDevice.at(socket(), empty, new TinyDevice.Faults())) {
            ReadBack.write(socket(), content);
        }
        assertThat(empty).isEqualTo(disk);
    }

    /** In runs until one comes to the block that is wrong: on a machine with other work to do a run is short of requests. */
    private void assertFindsErrors(Workload workload) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (RUN.measure(socket(), workload, content, true, 1).errors() == 0) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
        }
    }

    private Path socket() {
        return directory.resolve("s");
    }

    private static byte[] stampedDisk() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate((long) BLOCKS * Workload.BLOCK);
            Stamps.fill(memory, 0, BLOCKS * 8, 0, 0);
            return memory.toArray(JAVA_BYTE);
        }
    }
}
