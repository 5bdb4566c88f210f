package io.busbar.backends.switch_.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FrameQueueTest {

    private static final int BYTES = 4096;

    private final AtomicInteger readable = new AtomicInteger();
    private final AtomicInteger roomy = new AtomicInteger();
    private FrameQueue ring;

    @BeforeEach
    void make() throws Exception {
        ring = new FrameQueue(BYTES, new FrameQueue.Listener() {
            @Override
            public void readable() {
                readable.incrementAndGet();
            }

            @Override
            public void roomy() {
                roomy.incrementAndGet();
            }
        });
    }

    @AfterEach
    void close() {
        ring.close();
    }

    private long put(int bytes, int mark) {
        long position = ring.reserve(bytes);
        if (position >= 0) {
            write(position, mark);
            ring.commit(position, bytes);
        }
        return position;
    }

    private void write(long position, int mark) {
        ring.memory().set(ValueLayout.JAVA_INT_UNALIGNED, ring.offset(position), mark);
    }

    private int mark() {
        return ring.memory().get(ValueLayout.JAVA_INT_UNALIGNED, ring.offset());
    }

    private List<Integer> drain() {
        List<Integer> marks = new ArrayList<>();
        while (ring.next()) {
            marks.add(mark());
            ring.taken();
        }
        return marks;
    }

    @Test
    void records_come_out_in_their_order_with_their_length() {
        put(26, 1);
        put(1000, 2);
        assertThat(ring.next()).isTrue();
        assertThat(ring.length()).isEqualTo(26);
        assertThat(mark()).isEqualTo(1);
        ring.taken();
        assertThat(ring.next()).isTrue();
        assertThat(ring.length()).isEqualTo(1000);
        ring.taken();
        assertThat(ring.next()).isFalse();
    }

    @Test
    void the_first_record_stays_until_it_is_taken() {
        put(26, 1);
        put(26, 2);
        assertThat(ring.next()).isTrue();
        assertThat(ring.next()).isTrue();
        assertThat(mark()).isEqualTo(1);
    }

    @Test
    void a_record_is_never_torn_at_the_end_of_the_memory() {
        for (int lap = 0; lap < 500; lap++) {
            int bytes = 26 + lap * 37 % 1900;
            assertThat(put(bytes, lap)).isNotNegative();
            assertThat(ring.next()).isTrue();
            assertThat(ring.offset() + ring.length()).isLessThanOrEqualTo(BYTES);
            assertThat(ring.length()).isEqualTo(bytes);
            assertThat(mark()).isEqualTo(lap);
            ring.taken();
        }
    }

    @Test
    void what_is_in_frames_is_never_taken_for_a_record() {
        // Each granule of the memory holds what a stamp may look like, of this lap and of the next ones.
        for (int granule = 0; granule < BYTES / 64; granule++) {
            long position = ring.reserve(64);
            for (int word = 0; word < 8; word++) {
                ring.memory().set(ValueLayout.JAVA_LONG, ring.offset(position) + 8L * word, (granule + 64L * word) << 19 | 1 << 17 | 60);
            }
            ring.commit(position, 64);
        }
        while (ring.next()) {
            ring.taken();
        }
        ring.reserve(64);
        assertThat(ring.next()).isFalse();
    }

    @Test
    void a_full_ring_says_so_and_has_room_again_for_what_is_taken() {
        int records = 0;
        while (put(64, records) != FrameQueue.FULL) {
            records++;
        }
        assertThat(records).isEqualTo(BYTES / 64);
        ring.next();
        ring.taken();
        assertThat(put(64, 99)).isNotNegative();
        assertThat(put(64, 100)).isEqualTo(FrameQueue.FULL);
        assertThat(drain()).hasSize(BYTES / 64).endsWith(99);
    }

    @Test
    void what_is_reserved_first_is_read_first_however_late_it_is_written() {
        long first = ring.reserve(64);
        put(64, 2);
        assertThat(ring.next()).isFalse();
        write(first, 1);
        ring.commit(first, 64);
        assertThat(drain()).containsExactly(1, 2);
    }

    @Test
    void what_is_abandoned_is_passed_over_and_wakes_for_what_is_behind_it() {
        long first = ring.reserve(640);
        put(64, 2);
        assertThat(ring.next()).isFalse();
        int before = readable.get();
        ring.abandon(first, 640);
        assertThat(readable.get()).isEqualTo(before + 1);
        assertThat(drain()).containsExactly(2);
    }

    @Test
    void the_consumer_is_told_only_after_it_found_nothing() {
        put(64, 1);
        assertThat(readable.get()).as("it never looked").isZero();
        drain();
        put(64, 2);
        put(64, 3);
        assertThat(readable.get()).as("it is behind after the first").isOne();
        drain();
        put(64, 4);
        assertThat(readable.get()).isEqualTo(2);
    }

    @Test
    void a_producer_that_waits_is_told_when_a_quarter_is_free() {
        while (put(64, 0) != FrameQueue.FULL) {
            // Until it is full.
        }
        ring.expectRoom();
        for (int i = 0; i < BYTES / 64 / 4 - 1; i++) {
            ring.next();
            ring.taken();
        }
        assertThat(roomy.get()).isZero();
        ring.next();
        ring.taken();
        assertThat(roomy.get()).isOne();
    }

    @Test
    void a_ring_without_progress_is_stalled_after_some_looks_and_is_not_once_it_has_room() {
        while (put(64, 0) != FrameQueue.FULL) {
            // Until it is full.
        }
        assertThat(ring.look(3)).as("nobody waits").isFalse();
        ring.expectRoom();
        ring.look(3);
        ring.look(3);
        ring.next();
        ring.taken();
        assertThat(ring.look(3)).as("it went on").isFalse();
        assertThat(ring.look(3)).isFalse();
        assertThat(ring.look(3)).isFalse();
        assertThat(ring.isStalled()).isFalse();
        assertThat(ring.look(3)).as("those who wait try again, and drop").isTrue();
        assertThat(ring.isStalled()).isTrue();
        drain();
        assertThat(ring.isStalled()).isFalse();
    }

    @Test
    void who_looks_helps_a_producer_that_the_consumer_missed() {
        while (put(64, 0) != FrameQueue.FULL) {
            // Until it is full.
        }
        drain();
        int before = roomy.get();
        ring.expectRoom();
        ring.look(3);
        assertThat(roomy.get()).isEqualTo(before + 1);
    }

    @Test
    void a_closed_ring_takes_nothing_and_waits_for_what_is_being_written() throws Exception {
        long open = ring.reserve(64);
        Thread closer = Thread.ofPlatform().start(ring::close);
        Eventually.that(() -> put(64, 2) == FrameQueue.CLOSED, () -> "the ring is not closed");
        write(open, 1);
        ring.commit(open, 64);
        closer.join();
        assertThat(ring.memory().scope().isAlive()).isFalse();
        ring.close();
    }

    @Test
    void memory_that_somebody_writes_to_for_ever_is_not_taken_away() {
        ring.reserve(64);
        ring.close();
        assertThat(ring.memory().scope().isAlive()).isTrue();
    }

    @Test
    void nothing_is_allocated() {
        assertThat(Allocation.ofManyCalls(() -> {
            put(64, 1);
            put(1000, 2);
            while (ring.next()) {
                ring.taken();
            }
        })).isZero();
    }

    @Test
    void of_several_producers_nothing_is_lost_doubled_or_reordered() throws Exception {
        int producers = 3;
        int each = 50_000;
        List<Thread> threads = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            int which = p;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < each; i++) {
                    while (put(12 + i % 300 + 4, which << 24 | i) == FrameQueue.FULL) {
                        Thread.yield();
                    }
                }
            }));
        }
        int[] next = new int[producers];
        for (int taken = 0; taken < producers * each;) {
            if (ring.next()) {
                int mark = mark();
                assertThat(mark & 0xff_ffff).isEqualTo(next[mark >>> 24]);
                assertThat(ring.length()).isEqualTo(16 + next[mark >>> 24]++ % 300);
                ring.taken();
                taken++;
            } else {
                Thread.yield();
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(ring.next()).isFalse();
    }
}
