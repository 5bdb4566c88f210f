package io.busbar.examples.ramdisk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import org.junit.jupiter.api.Test;

/** The test that the document shows a part of. */
class RamDiskTest {

    @Test
    void what_was_written_is_read() throws Exception {
        try (RamDisk disk = new RamDisk(TestBackendContext.of("size", "1M"))) {
            byte[] written = new byte[4096];
            written[7] = 42;
            assertThat(TestRequest.write(8192, written).on(disk)).isEqualTo(BlockStatus.OK);

            TestRequest read = TestRequest.read(8192, 4096);
            assertThat(read.on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(read.payload().bytes()).isEqualTo(written);
        }
    }

    @Test
    void write_zeroes_zeroes_and_what_is_not_offered_is_an_error() throws Exception {
        try (RamDisk disk = new RamDisk(TestBackendContext.of())) {
            TestRequest.write(0, TestPayload.ofSizes(8192)).on(disk);
            assertThat(TestRequest.writeZeroes(4096, 4096, false).on(disk)).isEqualTo(BlockStatus.OK);
            TestRequest read = TestRequest.read(4096, 4096);
            read.on(disk);

            assertThat(read.payload().bytes()).containsOnly(0);
            assertThat(disk.info().discard()).isFalse();
            assertThat(TestRequest.discard(0, 4096).on(disk)).isEqualTo(BlockStatus.IO_ERROR);
        }
    }

    @Test
    void a_long_request_goes_to_an_io_thread() throws Exception {
        try (RamDisk disk = new RamDisk(TestBackendContext.of())) {
            TestRequest write = TestRequest.write(0, TestPayload.ofSizes(2 << 20));

            assertThat(write.on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(write.wasOffloaded()).isTrue();
        }
    }

    @Test
    void a_wrong_size_is_refused_and_read_only_is_kept() throws Exception {
        assertThatThrownBy(() -> new RamDisk(TestBackendContext.of("size", "1000")))
                .hasMessage("size 1000: no multiple of 512");
        try (RamDisk disk = new RamDisk(TestBackendContext.readOnly("size", "1M"))) {
            assertThat(disk.info().readOnly()).isTrue();
        }
    }
}
