package io.busbar.tools.cardos;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class NoiseTest {

    private static final int BYTES = 4096;

    private static MemorySegment noise(long seed, long offset) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[BYTES]);
        new Noise(seed).fill(offset, bytes);
        return bytes;
    }

    @Test
    void noise_is_known_again() {
        assertThat(new Noise(7).mismatch(512, noise(7, 512))).isEqualTo(-1);
    }

    @Test
    void a_byte_that_is_another_one_is_found() {
        MemorySegment bytes = noise(7, 512);
        bytes.set(ValueLayout.JAVA_BYTE, 1001, (byte) ~bytes.get(ValueLayout.JAVA_BYTE, 1001));
        assertThat(new Noise(7).mismatch(512, bytes)).isEqualTo(512 + 1000);
    }

    @Test
    void another_place_and_another_seed_have_other_noise() {
        assertThat(new Noise(7).mismatch(1024, noise(7, 512))).isEqualTo(1024);
        assertThat(new Noise(8).mismatch(512, noise(7, 512))).isEqualTo(512);
    }

    @Test
    void what_follows_is_the_same_as_in_one_piece() {
        MemorySegment second = MemorySegment.ofArray(new byte[BYTES / 2]);
        new Noise(7).fill(BYTES / 2, second);
        assertThat(noise(7, 0).asSlice(BYTES / 2).mismatch(second)).isEqualTo(-1);
    }
}
