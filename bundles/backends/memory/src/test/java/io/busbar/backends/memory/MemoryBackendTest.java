package io.busbar.backends.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryBackendTest {

    private static final long EXTENT = 64L << 20;
    private static final int MUCH = 256 << 20;
    /** By how much the rest of the process may have grown or shrunk meanwhile, in bytes. */
    private static final long OTHERS = 160L << 20;

    private static byte[] bytes(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] read(MemoryBackend disk, long offset, int length) {
        TestRequest request = TestRequest.read(offset, length);
        assertThat(request.on(disk)).isEqualTo(BlockStatus.OK);
        return request.payload().bytes();
    }

    private static MemoryBackend disk(String size) throws BackendException {
        return new MemoryBackend(TestBackendContext.of("size", size));
    }

    /** Memory of this process that is backed by pages of a memory file, bytes. */
    private static long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssShmem:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst().orElseThrow();
    }

    @Test
    void what_was_written_is_read_and_everything_else_is_zero() throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            assertThat(TestRequest.write(4096, bytes(1024, 7)).on(disk)).isEqualTo(BlockStatus.OK);

            assertThat(read(disk, 4096 - 512, 512)).containsOnly(0);
            assertThat(read(disk, 4096, 1024)).containsOnly(7);
            assertThat(read(disk, 4096 + 1024, 512)).containsOnly(0);
        }
    }

    @Test
    void a_request_may_cross_from_one_extent_to_the_next() throws Exception {
        try (MemoryBackend disk = disk("128M")) {
            TestRequest.write(EXTENT - 512, bytes(1024, 9)).on(disk);

            assertThat(read(disk, EXTENT - 1024, 512)).containsOnly(0);
            assertThat(read(disk, EXTENT - 512, 1024)).containsOnly(9);
            assertThat(read(disk, EXTENT + 512, 512)).containsOnly(0);
        }
    }

    @Test
    void buffers_may_be_cut_anywhere() throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            TestPayload source = TestPayload.ofSizes(1, 0, 510, 513);
            assertThat(TestRequest.write(0, source).on(disk)).isEqualTo(BlockStatus.OK);
            TestRequest back = TestRequest.read(0, 700, 0, 1, 323);

            assertThat(back.on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(back.payload().bytes()).isEqualTo(bytes(1024, 0xEE));
        }
    }

    @Test
    void a_large_disk_costs_what_is_written_and_gives_back_what_is_discarded() throws Exception {
        TestPayload data = TestPayload.ofSizes(16 << 20);
        try (MemoryBackend disk = disk("10G")) {
            long before = residentBytes();
            for (long offset = 0; offset < 10L << 30; offset += 1L << 30) {
                TestRequest.write(offset, TestPayload.ofSizes(64 << 10)).on(disk);
            }
            for (long offset = 0; offset < MUCH; offset += data.size()) {
                assertThat(TestRequest.write((5L << 30) + offset, data.rewind()).on(disk)).isEqualTo(BlockStatus.OK);
            }
            long written = residentBytes();
            assertThat(TestRequest.discard(5L << 30, MUCH).on(disk)).isEqualTo(BlockStatus.OK);

            assertThat(written - before).isBetween(MUCH - OTHERS, MUCH + OTHERS);
            assertThat(written - residentBytes()).isBetween(MUCH - OTHERS, MUCH + OTHERS);
            assertThat(read(disk, 5L << 30, 4096)).containsOnly(0);
        }
    }

    @Test
    void a_discard_of_less_than_a_page_changes_nothing_outside_it() throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            TestRequest.write(0, bytes(16384, 5)).on(disk);
            TestRequest.discard(4096 + 512, 512).on(disk);
            TestRequest.discard(8192 - 512, 4096 + 1024).on(disk);

            assertThat(read(disk, 0, 4096 + 512)).containsOnly(5);
            assertThat(read(disk, 12288 + 512, 3584)).containsOnly(5);
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void write_zeroes_makes_exactly_its_range_zero(boolean mayUnmap) throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            TestRequest.write(0, bytes(32768, 5)).on(disk);
            assertThat(TestRequest.writeZeroes(512, 20480, mayUnmap).on(disk)).isEqualTo(BlockStatus.OK);

            assertThat(read(disk, 0, 512)).containsOnly(5);
            assertThat(read(disk, 512, 20480)).containsOnly(0);
            assertThat(read(disk, 512 + 20480, 32768 - 512 - 20480)).containsOnly(5);
        }
    }

    @Test
    void a_long_request_goes_to_an_io_thread_and_a_short_one_does_not() throws Exception {
        try (MemoryBackend disk = disk("8M")) {
            List<Runnable> later = new ArrayList<>();
            TestRequest large = TestRequest.write(0, TestPayload.ofSizes(2 << 20)).withIoThreads(later::add);
            TestRequest small = TestRequest.write(4 << 20, bytes(4096, 1)).withIoThreads(later::add);
            TestRequest.submit(disk, large, small);

            assertThat(small.isDone()).isTrue();
            assertThat(large.isDone()).isFalse();
            later.forEach(Runnable::run);
            assertThat(large.await()).isEqualTo(BlockStatus.OK);
        }
    }

    @Test
    void memory_of_the_driver_that_went_away_is_an_error() throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            assertThat(TestRequest.read(0, TestPayload.ofSizes(512).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.write(0, TestPayload.ofSizes(512).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.read(0, TestPayload.ofSizes(512).vanish()).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        }
    }

    @Test
    void a_disk_grows_and_shrinks_and_what_was_cut_off_is_zero_when_it_grows_again() throws Exception {
        TestBackendContext context = TestBackendContext.of("size", "65M");
        try (MemoryBackend disk = new MemoryBackend(context)) {
            TestRequest.write(EXTENT - 1024, bytes(2048, 3)).on(disk);
            disk.resize(EXTENT - 512);
            assertThat(disk.info().capacity()).isEqualTo(EXTENT - 512);
            disk.resize(200L << 20);

            assertThat(context.infoChanges()).isEqualTo(2);
            assertThat(read(disk, EXTENT - 1024, 512)).containsOnly(3);
            assertThat(read(disk, EXTENT - 512, 4096)).containsOnly(0);
            assertThat(TestRequest.write((200L << 20) - 512, bytes(512, 1)).on(disk)).isEqualTo(BlockStatus.OK);
        }
    }

    @ParameterizedTest
    @CsvSource({"1000, 1000", "32T, 35184372088832"})
    void a_size_that_no_disk_can_have_is_refused_with_its_number(String size, String bytes) {
        assertThatThrownBy(() -> disk(size))
                .hasMessage("size of " + bytes + " bytes: expected a multiple of 512, up to 16T");
    }

    @Test
    void a_missing_size_is_refused() {
        assertThatThrownBy(() -> new MemoryBackend(TestBackendContext.of()))
                .hasMessage("size: expected a size such as 512M");
    }

    @Test
    void a_successor_sees_what_was_written_before_and_is_still_written() throws Exception {
        try (MemoryBackend disk = disk("200M")) {
            TestRequest.write(0, bytes(512, 1)).on(disk);
            try (MemoryBackend successor = new MemoryBackend(TestBackendContext.of("size", "200M").succeeding(disk.handOver()))) {
                TestRequest.write(EXTENT, bytes(512, 2)).on(disk);

                assertThat(read(successor, 0, 512)).containsOnly(1);
                assertThat(read(successor, EXTENT, 512)).containsOnly(2);
                assertThat(read(successor, 2 * EXTENT, 512)).containsOnly(0);
                assertThat(TestRequest.writeZeroes(EXTENT, 512, true).on(successor)).isEqualTo(BlockStatus.OK);
                TestRequest.write(2 * EXTENT, bytes(512, 3)).on(successor);
                disk.goOn();
                assertThat(read(disk, EXTENT, 512)).containsOnly(0);
            }
        }
    }

    @Test
    void what_is_handed_over_has_a_version_and_an_unknown_one_is_refused() throws Exception {
        try (MemoryBackend disk = disk("1M")) {
            BackendState other = new BackendState(2, new byte[0], disk.handOver().descriptors());
            assertThatThrownBy(() -> new MemoryBackend(TestBackendContext.of("size", "1M").succeeding(other)))
                    .hasMessage("what was handed over is version 2 (0 bytes, 1 descriptors): expected version 1 (0 bytes, 1 descriptors)");
        }
    }

    @Test
    void a_read_only_device_gets_a_read_only_disk() throws Exception {
        try (MemoryBackend disk = new MemoryBackend(TestBackendContext.readOnly("size", "1M"))) {
            assertThat(disk.info().readOnly()).isTrue();
        }
    }
}
