package io.busbar.examples.zerodisk;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_IOERR;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_UNSUPP;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChains;
import io.busbar.testkit.TestPayload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZeroModelTest {

    private static final int IN = 0;

    private static TestChain request(int type, long sector, long... writable) {
        byte[] header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putInt(0).putLong(sector).array();
        TestChain chain = new TestChain(TestPayload.of(header), TestPayload.ofSizes(writable));
        new ZeroModel(8).process(0, new TestChains(chain));
        return chain;
    }

    private static byte[] data(TestChain chain) {
        byte[] bytes = chain.writable().bytes();
        return Arrays.copyOf(bytes, bytes.length - 1);
    }

    @Test
    void a_read_is_zeroes_also_of_the_last_sector_and_in_pieces() {
        TestChain read = request(IN, 6, 1000, 24, 1);

        assertThat(read.status()).isEqualTo(VIRTIO_BLK_S_OK);
        assertThat(read.written()).isEqualTo(1025);
        assertThat(data(read)).hasSize(1024).containsOnly(0);
    }

    @ParameterizedTest
    @CsvSource({"8, 512", "7, 1024", "0, 511", "-1, 512", "36028797018963968, 512", "9223372036854775807, 512"})
    void what_is_not_inside_the_disk_is_an_error_and_leaves_no_old_bytes(long sector, long bytes) {
        TestChain read = request(IN, sector, bytes, 1);

        assertThat(read.status()).isEqualTo(VIRTIO_BLK_S_IOERR);
        assertThat(data(read)).containsOnly(0);
    }

    @Test
    void writes_are_errors_and_what_is_not_known_is_unsupported() {
        assertThat(request(1, 0, 1).status()).isEqualTo(VIRTIO_BLK_S_IOERR);
        assertThat(request(11, 0, 1).status()).isEqualTo(VIRTIO_BLK_S_UNSUPP);
        assertThat(request(-1, 0, 100, 1).written()).isEqualTo(101);
    }

    @Test
    void the_serial_number_is_cut_or_padded() {
        assertThat(new String(data(request(8, 0, 20, 1)), StandardCharsets.US_ASCII)).isEqualTo("zeroes" + "\0".repeat(14));
        assertThat(data(request(8, 0, 3, 1))).containsExactly('z', 'e', 'r');
    }

    @Test
    void a_chain_without_header_or_status_is_given_back_as_it_is() {
        TestChain noStatus = request(IN, 0);
        TestChain noHeader = new TestChain(TestPayload.of(new byte[15]), TestPayload.ofSizes(1));
        new ZeroModel(8).process(0, new TestChains(noHeader));

        assertThat(noStatus.written()).isZero();
        assertThat(noHeader.written()).isZero();
    }
}
