package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.BlockRequest;
import io.busbar.testkit.TestRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SubmissionsTest {

    private static final int THREADS = 3;
    private static final int EACH = 100_000;

    @Test
    void requests_come_out_in_order_and_the_reserve_is_for_those_that_come_back() {
        Submissions submissions = new Submissions(8, 2);
        List<BlockRequest> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            all.add(TestRequest.flush());
            assertThat(submissions.offer(all.getLast())).isTrue();
        }

        assertThat(submissions.offer(TestRequest.flush())).isFalse();
        assertThat(submissions.isEmpty()).isFalse();
        submissions.giveBack(TestRequest.flush());
        submissions.giveBack(TestRequest.flush());

        for (BlockRequest each : all) {
            assertThat(submissions.poll()).isSameAs(each);
        }
        assertThat(submissions.poll()).isNotNull();
        assertThat(submissions.poll()).isNotNull();
        assertThat(submissions.poll()).isNull();
        assertThat(submissions.isEmpty()).isTrue();
    }

    @Test
    void with_many_threads_at_both_ends_each_request_comes_out_once() throws InterruptedException {
        Submissions submissions = new Submissions(64, 16);
        AtomicIntegerArray seen = new AtomicIntegerArray(THREADS * EACH);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int first = i * EACH;
            threads.add(Thread.ofPlatform().start(() -> put(submissions, first)));
            threads.add(Thread.ofPlatform().start(() -> take(submissions, seen)));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        for (int i = 0; i < THREADS * EACH; i++) {
            assertThat(seen.get(i)).isEqualTo(1);
        }
        assertThat(submissions.isEmpty()).isTrue();
    }

    private static void put(Submissions submissions, int first) {
        for (int i = first; i < first + EACH; i++) {
            TestRequest request = TestRequest.discard(i, 0);
            while (!submissions.offer(request)) {
                Thread.yield();
            }
        }
    }

    private static void take(Submissions submissions, AtomicIntegerArray seen) {
        for (int taken = 0; taken < EACH; ) {
            BlockRequest request = submissions.poll();
            if (request == null) {
                Thread.yield();
            } else {
                seen.incrementAndGet((int) request.offset());
                taken++;
            }
        }
    }
}
