package io.busbar.tools.bench.block;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class StampsTest {

    private final MemorySegment memory = Arena.ofAuto().allocate(8L * Stamps.SECTOR);

    @Test
    void what_was_filled_is_right() {
        Stamps.fill(memory, 0, 8, 100, 3);

        assertThat(Stamps.isFilled(memory, 0, 8, 100, 3)).isTrue();
        assertThat(Stamps.isStamped(memory, 0, 8, 100, 3)).isTrue();
    }

    @Test
    void sectors_of_another_place_or_generation_are_wrong() {
        Stamps.fill(memory, 0, 8, 100, 3);

        assertThat(Stamps.isStamped(memory, 0, 8, 101, 3)).isFalse();
        assertThat(Stamps.isStamped(memory, 0, 8, 100, 2)).isFalse();
    }

    @Test
    void any_byte_that_changes_is_seen() {
        Stamps.fill(memory, 0, 8, 100, 3);
        for (long at = 0; at < memory.byteSize(); at++) {
            byte before = memory.get(JAVA_BYTE, at);
            memory.set(JAVA_BYTE, at, (byte) (before ^ 1));
            assertThat(Stamps.isFilled(memory, 0, 8, 100, 3)).as("byte %d", at).isFalse();
            memory.set(JAVA_BYTE, at, before);
        }
    }

    @Test
    void a_sector_of_which_only_one_half_was_written_is_wrong() {
        Stamps.fill(memory, 0, 8, 100, 3);
        MemorySegment newer = Arena.ofAuto().allocate(8L * Stamps.SECTOR);
        Stamps.fill(newer, 0, 8, 100, 4);
        MemorySegment.copy(newer, 0, memory, 0, Stamps.SECTOR / 2);

        assertThat(Stamps.isStamped(memory, 0, 1, 100, 3)).isFalse();
        assertThat(Stamps.isStamped(memory, 0, 1, 100, 4)).isFalse();
    }
}
