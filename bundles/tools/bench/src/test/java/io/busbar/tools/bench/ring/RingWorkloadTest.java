package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RingWorkloadTest {

    private static final long CHAINS = 1_000_000;

    /** What the measurement itself may allocate; a byte per chain would be a thousand times more. */
    private static final long ALLOWED_BYTES = 1_000;

    @ParameterizedTest
    @EnumSource
    void a_million_chains_allocate_nothing(RingWorkload.Sides sides) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (RingWorkload workload = new RingWorkload(sides)) {
            for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
                workload.work(length, CHAINS);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
                workload.work(length, CHAINS);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(ALLOWED_BYTES);
        }
    }

    @Test
    void work_is_measured_in_time_per_chain() {
        try (RingWorkload workload = new RingWorkload(RingWorkload.Sides.BOTH)) {
            assertThat(workload.measure(2, 1_000_000)).isBetween(1.0, 100_000.0);
        }
    }
}
