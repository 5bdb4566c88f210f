package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.ChainTask;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class IoThreadsTest {

    private static final int LIMIT = 4;

    private final IoThreads threads = new IoThreads("test", LIMIT);

    @AfterEach
    void close() {
        threads.close();
    }

    private void execute(ChainTask task) {
        threads.execute(new SlotChain(), task, null);
    }

    private void runOne() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        execute((chain, attachment) -> done.countDown());
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void work_that_comes_at_once_is_done_by_as_many_threads_as_there_may_be_also_when_one_is_idle() throws Exception {
        for (int round = 0; round < 100; round++) {
            IoThreads fresh = new IoThreads("test", LIMIT);
            CountDownLatch together = new CountDownLatch(LIMIT);
            CountDownLatch idle = new CountDownLatch(1);
            fresh.execute(new SlotChain(), (chain, attachment) -> idle.countDown(), null);
            assertThat(idle.await(20, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < LIMIT; i++) {
                fresh.execute(new SlotChain(), (chain, attachment) -> meet(together), null);
            }
            assertThat(together.await(20, TimeUnit.SECONDS)).as("round %d", round).isTrue();
            assertThat(fresh.size()).isLessThanOrEqualTo(LIMIT);
            fresh.close();
        }
        runOne();
    }

    private static void meet(CountDownLatch together) {
        together.countDown();
        try {
            together.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
