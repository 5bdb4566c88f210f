package io.busbar.busdrivers.vop.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpaceTest {

    private record Piece(long offset, long bytes) {}

    @Test
    void allOfItCanBeOnePiece() {
        Space space = new Space(100 * Space.UNIT);

        assertThat(space.take(100 * Space.UNIT)).isZero();
        assertThat(space.take(1)).isEqualTo(-1);
        space.give(0, 100 * Space.UNIT);
        assertThat(space.take(99 * Space.UNIT + 1)).isZero();
    }

    @Test
    void aPieceIsTakenFromWhereverThereIsRoom() {
        Space space = new Space(4 * Space.UNIT);
        for (int i = 0; i < 4; i++) {
            assertThat(space.take(Space.UNIT)).isEqualTo((long) i * Space.UNIT);
        }
        space.give(Space.UNIT, Space.UNIT);
        space.give(2 * Space.UNIT, 2);

        assertThat(space.take(2 * Space.UNIT)).isEqualTo(Space.UNIT);
    }

    /** Against a plain array of what is taken. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void noTwoPiecesOverlapAndNoneIsRefusedThatFits(long seed) {
        Random random = new Random(seed);
        int units = 1 + random.nextInt(300);
        Space space = new Space((long) units * Space.UNIT);
        boolean[] model = new boolean[units];
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            if (!pieces.isEmpty() && random.nextInt(5) < 2) {
                Piece piece = pieces.remove(random.nextInt(pieces.size()));
                mark(model, piece, false);
                space.give(piece.offset, piece.bytes);
            } else {
                long bytes = 1 + random.nextInt(random.nextBoolean() ? 5000 : 70_000);
                if (bytes > space.bytes()) {
                    continue;
                }
                long at = space.take(bytes);
                if (at < 0) {
                    assertThat(fits(model, bytes)).as(bytes + " bytes").isFalse();
                } else {
                    pieces.add(new Piece(at, bytes));
                    mark(model, pieces.getLast(), true);
                }
            }
        }
    }

    private static void mark(boolean[] model, Piece piece, boolean taken) {
        for (long i = piece.offset / Space.UNIT; i * Space.UNIT < piece.offset + piece.bytes; i++) {
            assertThat(model[(int) i]).isEqualTo(!taken);
            model[(int) i] = taken;
        }
    }

    private static boolean fits(boolean[] model, long bytes) {
        long run = 0;
        for (boolean taken : model) {
            run = taken ? 0 : run + Space.UNIT;
            if (run >= bytes) {
                return true;
            }
        }
        return false;
    }
}
