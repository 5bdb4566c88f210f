package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Allocation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RingWorkloadTest {

    private static final int CHAINS = 1_000_000;

    @ParameterizedTest
    @EnumSource
    void a_million_chains_allocate_nothing_once_the_code_is_warm(Sides sides) {
        try (RingWorkload workload = new RingWorkload(sides)) {
            assertThat(Allocation.leastOf(() -> {
                for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
                    workload.work(length, CHAINS);
                }
            })).isZero();
        }
    }

    @Test
    void work_is_measured_in_time_per_chain() {
        try (RingWorkload workload = new RingWorkload(Sides.BOTH)) {
            assertThat(workload.measure(2, 1_000_000)).isBetween(1.0, 100_000.0);
        }
    }
}
