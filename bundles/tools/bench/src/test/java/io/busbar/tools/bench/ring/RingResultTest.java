package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.bench.ring.RingResult.Pairs;
import java.util.List;
import org.junit.jupiter.api.Test;

class RingResultTest {

    private static final RingResult RESULT = new RingResult(Sides.BOTH, 2, List.of(
            new Pairs(new double[] {10, 20, 40}, new double[] {8, 20, 20}),
            new Pairs(new double[] {10, 10, 10}, new double[] {9, 7, 6})));

    @Test
    void the_rate_is_the_median_of_the_pairs_of_all_forks() {
        // 0.8 1.0 0.5 and 0.9 0.7 0.6
        assertThat(RESULT.rate()).isEqualTo(0.75);
    }

    @Test
    void forks_stand_for_themselves_with_the_medians_of_their_own_pairs() {
        assertThat(RESULT.least()).isEqualTo(0.7);
        assertThat(RESULT.most()).isEqualTo(0.8);
    }

    @Test
    void times_are_medians_of_all_forks() {
        assertThat(RESULT.java()).isEqualTo(10);
        assertThat(RESULT.c()).isEqualTo(8.5);
    }
}
