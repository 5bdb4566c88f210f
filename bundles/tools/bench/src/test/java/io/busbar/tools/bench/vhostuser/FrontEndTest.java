package io.busbar.tools.bench.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.core.virtio.VirtioConfig;
import io.busbar.tools.bench.device.TinyDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrontEndTest {

    private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(60);
    private static final long FEATURES = VirtioConfig.bit(VirtioConfig.VIRTIO_F_VERSION_1);

    @TempDir
    private Path directory;

    @Test
    void memory_comes_before_ring_addresses_and_enable_comes_last() throws IOException {
        try (TinyDevice device = device(new TinyDevice.Faults());
                FrontEnd frontEnd = FrontEnd.connect(socket(), TIMEOUT)) {
            frontEnd.accept(FEATURES);
            frontEnd.share(1 << 20);
            frontEnd.start(0, 64);

            assertThat(device.requests()).containsExactly(1, 15, 16, 3, 17, 2, 5, 13, 8, 10, 9, 12, 18);
        }
    }

    @Test
    void features_of_the_protocol_are_no_features_of_the_device() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults());
                FrontEnd frontEnd = FrontEnd.connect(socket(), TIMEOUT)) {
            assertThat(VirtioConfig.has(frontEnd.offered(), 30)).isFalse();
            assertThat(VirtioConfig.has(frontEnd.offered(), VirtioConfig.VIRTIO_F_VERSION_1)).isTrue();
        }
    }

    @Test
    void the_device_has_memory_elsewhere_than_this_process_and_the_file() throws IOException {
        try (SharedMemory memory = SharedMemory.create(8192)) {
            long address = memory.allocate(100, 64);

            assertThat(memory.guest(address)).isEqualTo(SharedMemory.GUEST_BASE).isNotEqualTo(address);
            assertThat(SharedMemory.FILE_OFFSET).isNotEqualTo(SharedMemory.GUEST_BASE).isNotZero();
        }
    }

    @Test
    void memory_that_is_not_there_is_not_handed_out() throws IOException {
        try (SharedMemory memory = SharedMemory.create(8192)) {
            memory.allocate(5000, 4096);

            assertThatThrownBy(() -> memory.allocate(1, 4096)).hasMessageContaining("of 8192 are left");
        }
    }

    @Test
    void a_reply_with_wrong_flags_is_refused() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public int replyFlags(int request) {
                return 0xd;
            }
        })) {
            assertThatThrownBy(() -> FrontEnd.connect(socket(), TIMEOUT).close())
                    .hasMessageContaining("GET_FEATURES").hasMessageContaining("flags 0xd");
        }
    }

    @Test
    void a_reply_of_another_size_is_refused() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public byte[] reply(int request, byte[] right) {
                return request == 24 ? new byte[0] : right;
            }
        });
                FrontEnd frontEnd = FrontEnd.connect(socket(), TIMEOUT)) {
            assertThatThrownBy(() -> frontEnd.config(60)).hasMessageContaining("0 bytes").hasMessageContaining("72");
        }
    }

    @Test
    void a_configuration_of_another_place_is_refused() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public byte[] reply(int request, byte[] right) {
                return request == 24 ? Arrays.copyOf(new byte[] {1}, right.length) : right;
            }
        });
                FrontEnd frontEnd = FrontEnd.connect(socket(), TIMEOUT)) {
            assertThatThrownBy(() -> frontEnd.config(60)).hasMessageContaining("at 1");
        }
    }

    @Test
    void more_queues_than_there_can_be_are_refused() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public byte[] reply(int request, byte[] right) {
                return request == 17 ? new byte[8] : right;
            }
        })) {
            assertThatThrownBy(() -> FrontEnd.connect(socket(), TIMEOUT).close()).hasMessageContaining("0 queues");
        }
    }

    @Test
    void a_refusal_names_the_request() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public long ack(int request) {
                return request == 5 ? 1 : 0;
            }
        });
                FrontEnd frontEnd = FrontEnd.connect(socket(), TIMEOUT)) {
            frontEnd.accept(FEATURES);

            assertThatThrownBy(() -> frontEnd.share(4096)).hasMessageContaining("refused SET_MEM_TABLE with 1");
        }
    }

    @Test
    void a_connection_that_ends_instead_of_an_answer_is_an_error() throws IOException {
        try (TinyDevice _ = device(new TinyDevice.Faults() {
            @Override
            public boolean hangUp(int request) {
                return request == 15;
            }
        })) {
            assertThatThrownBy(() -> FrontEnd.connect(socket(), TIMEOUT).close())
                    .hasMessageContaining("GET_PROTOCOL_FEATURES");
        }
    }

    @Test
    void nobody_who_listens_is_an_error_that_names_the_socket() {
        assertThatThrownBy(() -> FrontEnd.connect(socket(), 0)).hasMessageContaining(socket().toString());
    }

    private Path socket() {
        return directory.resolve("s");
    }

    private TinyDevice device(TinyDevice.Faults faults) throws IOException {
        return TinyDevice.at(socket(), new byte[4096], faults);
    }
}
