package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RingWorkloadTest {

    private static final long CHAINS = 1_000_000;

    /** Rounds in which code may still be compiled, again and otherwise. */
    private static final int WARM_UP_ROUNDS = 10;

    @ParameterizedTest
    @EnumSource
    void a_million_chains_allocate_nothing_once_the_code_is_warm(RingWorkload.Sides sides) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (RingWorkload workload = new RingWorkload(sides)) {
            long allocated = Long.MAX_VALUE;
            for (int round = 0; round < WARM_UP_ROUNDS && allocated != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
                    workload.work(length, CHAINS);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocated).isZero();
        }
    }

    @Test
    void work_is_measured_in_time_per_chain() {
        try (RingWorkload workload = new RingWorkload(RingWorkload.Sides.BOTH)) {
            assertThat(workload.measure(2, 1_000_000)).isBetween(1.0, 100_000.0);
        }
    }
}
