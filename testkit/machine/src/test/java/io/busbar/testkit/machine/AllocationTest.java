package io.busbar.testkit.machine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AllocationTest {

    private static volatile Object kept;
    private static volatile long number;

    @Test
    void code_that_allocates_nothing_allocates_no_byte() {
        assertThat(Allocation.ofManyCalls(() -> number += 1)).isZero();
    }

    @Test
    void one_object_per_call_is_seen_in_each_round() {
        assertThat(Allocation.ofOneRound(Thread.currentThread(), () -> {
            for (int i = 0; i < 100_000; i++) {
                kept = new byte[i & 7];
            }
        })).isGreaterThanOrEqualTo(100_000 * 16);
        assertThat(kept).isNotNull();
    }
}
