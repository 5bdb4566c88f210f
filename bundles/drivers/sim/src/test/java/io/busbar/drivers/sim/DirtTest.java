package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DirtTest {

    @Test
    void in_a_new_one_all_is_marked() {
        Dirt dirt = new Dirt(130L * Dirt.PIECE + 512);
        assertThat(dirt.bytes()).isEqualTo(131L * Dirt.PIECE);
        int pieces = 0;
        for (int piece = dirt.next(0); piece >= 0; piece = dirt.next(piece)) {
            assertThat(dirt.take(piece)).isTrue();
            pieces++;
        }
        assertThat(pieces).isEqualTo(131);
        assertThat(dirt.bytes()).isZero();
        assertThat(dirt.take(131)).as("past the end").isFalse();
    }

    @Test
    void ranges_mark_the_pieces_that_they_touch_as_a_plain_model_says() {
        Random random = new Random(7);
        int pieces = 200;
        Dirt dirt = new Dirt((long) pieces * Dirt.PIECE);
        BitSet model = new BitSet();
        model.set(0, pieces);
        for (int i = 0; i < 10_000; i++) {
            if (random.nextBoolean()) {
                int piece = random.nextInt(pieces);
                assertThat(dirt.take(piece)).isEqualTo(model.get(piece));
                model.clear(piece);
            } else {
                long offset = random.nextInt(pieces * 128) * 512L;
                long length = random.nextInt(300) * 512L;
                dirt.mark(offset, length);
                if (length > 0) {
                    model.set((int) (offset / Dirt.PIECE), (int) Math.min(pieces, (offset + length - 1) / Dirt.PIECE + 1));
                }
            }
            int from = random.nextInt(pieces);
            assertThat(dirt.next(from)).isEqualTo(model.nextSetBit(from));
        }
        assertThat(dirt.bytes()).isEqualTo((long) model.cardinality() * Dirt.PIECE);
    }
}
