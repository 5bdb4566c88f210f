package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.testkit.machine.Allocation;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class CurrentThreadTest {
    @Test
    void the_id_is_one_of_this_process() {
        assertThat(Path.of("/proc/self/task/" + CurrentThread.id())).isDirectory();
    }

    @Test
    void cpu_time_grows_with_work_and_reading_it_allocates_nothing() {
        long before = CurrentThread.cpuTimeNanos();

        long bytes = Allocation.ofManyCalls(CurrentThread::cpuTimeNanos);

        assertThat(bytes).isZero();
        assertThat(CurrentThread.cpuTimeNanos()).isGreaterThan(before);
        assertThat(before).isPositive();
    }

    @Test
    void asking_for_a_fault_that_is_not_there_does_nothing_and_allocates_nothing() {
        long bytes = Allocation.ofManyCalls(CurrentThread::throwPendingFault);

        assertThat(bytes).isZero();
    }

    @Test
    void a_thread_runs_where_it_is_told_to() throws Exception {
        FutureTask<BitSet> pinned = new FutureTask<>(() -> {
            BitSet one = new BitSet();
            one.set(CurrentThread.processors().nextSetBit(0));
            CurrentThread.setProcessors(one);
            return CurrentThread.processors();
        });
        Thread.ofPlatform().start(pinned);

        assertThat(pinned.get().cardinality()).isEqualTo(1);
    }

    @Test
    void a_processor_that_is_not_there_is_an_error_that_names_it() {
        BitSet missing = new BitSet();
        missing.set(8000);

        assertThatThrownBy(() -> CurrentThread.setProcessors(missing))
                .hasMessage("let this thread run on the processors {8000}: Invalid argument (EINVAL)");
    }
}
