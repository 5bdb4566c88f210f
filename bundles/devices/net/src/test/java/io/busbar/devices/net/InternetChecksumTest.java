package io.busbar.devices.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {

    private static MemorySegment memory(byte... bytes) {
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return memory;
    }

    @Test
    void the_example_of_rfc_1071_sums_up_to_what_is_written_there() {
        MemorySegment example = memory(
                (byte) 0x00, (byte) 0x01, (byte) 0xf2, (byte) 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, (byte) 0xf7);
        assertThat(InternetChecksum.sum(example, 0, 8)).isEqualTo(0xddf2);
    }

    @Test
    void any_length_at_any_offset_is_summed_up_as_word_by_word() {
        byte[] bytes = Frames.random(70_000, 1);
        MemorySegment memory = memory(bytes);
        Random random = new Random(2);
        for (int i = 0; i < 2000; i++) {
            int offset = random.nextInt(64);
            int length = i < 100 ? i : random.nextInt(65_536);
            assertThat(InternetChecksum.sum(memory, offset, length))
                    .as("%d bytes at %d", length, offset)
                    .isEqualTo(Frames.naiveSum(bytes, offset, length, 0));
        }
    }

    @Test
    void as_many_ones_as_a_frame_can_have_do_not_overflow() {
        byte[] ones = new byte[65_535];
        java.util.Arrays.fill(ones, (byte) 0xff);
        assertThat(InternetChecksum.sum(memory(ones), 0, ones.length))
                .isEqualTo(Frames.naiveSum(ones, 0, ones.length, 0));
    }

    @Test
    void sums_add_up_with_the_carry() {
        assertThat(InternetChecksum.add(0xffff, 0x0001)).isEqualTo(1);
        assertThat(InternetChecksum.add(0x8000, 0x7fff)).isEqualTo(0xffff);
    }

    @Test
    void a_checksum_is_never_0_which_means_none_in_udp() {
        assertThat(InternetChecksum.of(0xffff)).isEqualTo(0xffff);
        assertThat(InternetChecksum.of(0x0001)).isEqualTo(0xfffe);
    }
}
