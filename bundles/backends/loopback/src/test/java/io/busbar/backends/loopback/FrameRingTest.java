package io.busbar.backends.loopback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.memory.Payload;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FrameRingTest {

    private final AtomicInteger readable = new AtomicInteger();
    private final AtomicInteger writable = new AtomicInteger();
    private final FrameRing ring =
            new FrameRing(1 << 18, readable::incrementAndGet, writable::incrementAndGet);

    /** A frame over memory that is used again. */
    private static final class Frame implements NetFrame {
        private final MemorySegment header = Arena.ofAuto().allocate(NetBackend.HEADER_BYTES);
        private final TestPayload data;

        Frame(int length, int content) {
            header.fill((byte) ~content);
            byte[] bytes = new byte[length];
            new Random(content).nextBytes(bytes);
            data = TestPayload.of(bytes);
        }

        @Override
        public MemorySegment header() {
            return header;
        }

        @Override
        public Payload data() {
            return data;
        }
    }

    private static byte[] bytes(WaitingFrame frame) {
        return frame.memory().asSlice(frame.offset(), frame.length()).toArray(ValueLayout.JAVA_BYTE);
    }

    private static void assertSame(WaitingFrame frame, int length, int content) {
        byte[] got = bytes(frame);
        byte[] expected = new byte[length];
        new Random(content).nextBytes(expected);
        assertThat(got).hasSize(NetBackend.HEADER_BYTES + length);
        assertThat(got[0]).isEqualTo((byte) ~content);
        assertThat(Arrays.copyOfRange(got, NetBackend.HEADER_BYTES, got.length)).isEqualTo(expected);
    }

    @Test
    void frames_begin_at_the_start_of_the_memory_whenever_the_ring_was_empty_and_its_room_stays_the_same() {
        for (int round = 0; round < 1000; round++) {
            assertThat(ring.put(new Frame(60 + round, round))).isTrue();
            assertThat(ring.put(new Frame(1500, round + 1))).isTrue();
            assertSame(ring.peek(), 60 + round, round);
            assertThat(ring.peek().offset()).isEqualTo(Long.BYTES);
            ring.taken();
            assertSame(ring.peek(), 1500, round + 1);
            ring.taken();
            assertThat(ring.peek()).isNull();
        }
        int fit = 0;
        while (ring.put(new Frame(1500, fit))) {
            fit++;
        }
        assertThat(fit).isEqualTo((1 << 18) / (8 + 12 + 1500));
    }

    @Test
    void a_frame_comes_back_as_it_was_with_its_header() {
        assertThat(ring.peek()).isNull();
        assertThat(ring.put(new Frame(60, 1))).isTrue();
        assertThat(readable).hasValue(0);
        ring.putDone();
        assertThat(readable).hasValue(1);
        assertSame(ring.peek(), 60, 1);
        assertSame(ring.peek(), 60, 1);
        ring.taken();
        assertThat(ring.peek()).isNull();
    }

    @Test
    void who_takes_is_told_once_until_it_has_found_nothing_again() {
        ring.put(new Frame(60, 1));
        ring.putDone();
        ring.put(new Frame(61, 2));
        ring.putDone();
        assertThat(readable).hasValue(1);
        ring.peek();
        ring.taken();
        ring.put(new Frame(62, 3));
        ring.putDone();
        assertThat(readable).hasValue(1);
        ring.peek();
        ring.taken();
        ring.peek();
        ring.taken();
        assertThat(ring.peek()).isNull();
        ring.put(new Frame(63, 4));
        ring.putDone();
        assertThat(readable).hasValue(2);
    }

    @Test
    void a_frame_that_has_no_room_is_refused_and_who_puts_is_told_when_there_is() {
        int put = 0;
        while (ring.put(new Frame(65_550, put))) {
            put++;
        }
        assertThat(put).isEqualTo(3);
        assertThat(writable).hasValue(0);
        assertSame(ring.peek(), 65_550, 0);
        ring.taken();
        assertThat(writable).hasValue(0);
        ring.takenDone();
        assertThat(writable).hasValue(1);
        assertThat(ring.put(new Frame(65_550, 3))).isTrue();
        for (int i = 1; i <= 3; i++) {
            assertSame(ring.peek(), 65_550, i);
            ring.taken();
        }
        assertThat(ring.peek()).isNull();
    }

    @Test
    void a_frame_whose_memory_is_gone_is_dropped() {
        Frame frame = new Frame(60, 1);
        frame.data.vanish();
        assertThat(ring.put(frame)).isTrue();
        assertThat(ring.peek()).isNull();
        ring.put(new Frame(61, 2));
        assertSame(ring.peek(), 61, 2);
    }

    /** Lengths that end anywhere in the ring, so that records begin at its start again after every kind of rest. */
    @Test
    void frames_of_any_length_go_round_and_round() {
        Random random = new Random(7);
        int put = 0;
        int taken = 0;
        int[] lengths = new int[4000];
        while (taken < lengths.length) {
            if (put < lengths.length && random.nextBoolean()) {
                lengths[put] = 14 + random.nextInt(random.nextInt(65_500) + 1);
                put += ring.put(new Frame(lengths[put], put)) ? 1 : 0;
            } else if (ring.peek() != null) {
                assertSame(ring.peek(), lengths[taken], taken);
                ring.taken();
                taken++;
            }
        }
    }

    /** Both threads sleep when they are told to wait: a signal that is lost shows as a test that does not end. */
    @Test
    void two_threads_hand_over_every_frame_in_order_and_none_waits_for_ever() throws Exception {
        Semaphore canTake = new Semaphore(0);
        Semaphore canPut = new Semaphore(0);
        FrameRing shared = new FrameRing(1 << 18, canTake::release, canPut::release);
        int count = 200_000;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread taker = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < count; i++) {
                    WaitingFrame frame = shared.peek();
                    while (frame == null) {
                        shared.takenDone();
                        assertThat(canTake.tryAcquire(20, TimeUnit.SECONDS)).as("told that frame %d is there", i).isTrue();
                        frame = shared.peek();
                    }
                    assertThat(frame.length()).isEqualTo(NetBackend.HEADER_BYTES + length(i));
                    assertThat(frame.memory().get(ValueLayout.JAVA_BYTE, frame.offset())).isEqualTo((byte) ~(i % 16));
                    shared.taken();
                    if (i % 5 == 0) {
                        shared.takenDone();
                    }
                }
                shared.takenDone();
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        Frame[] frames = new Frame[16];
        Arrays.setAll(frames, i -> new Frame(length(i), i));
        for (int i = 0; i < count; i++) {
            Frame frame = frames[i % 16];
            frame.data.rewind();
            while (!shared.put(frame)) {
                shared.putDone();
                assertThat(canPut.tryAcquire(20, TimeUnit.SECONDS)).as("told that there is room for %d", i).isTrue();
                frame.data.rewind();
            }
            if (i % 7 == 0) {
                shared.putDone();
            }
        }
        shared.putDone();
        taker.join();
        assertThat(failure).hasValue(null);
    }

    private static int length(int i) {
        return 60 + i % 16 * 500;
    }

    @Test
    void a_million_frames_allocate_nothing() {
        Frame frame = new Frame(200, 1);
        assertThat(Allocation.leastOf(() -> {
            for (int i = 0; i < 1_000_000; i++) {
                frame.data.rewind();
                ring.put(frame);
                ring.putDone();
                ring.peek();
                ring.taken();
                ring.takenDone();
                ring.peek();
            }
        })).isZero();
    }

    @Test
    void each_pair_has_frames_of_its_own() throws Exception {
        TestBackendContext context = TestBackendContext.of().withChannels("pair0", "pair1");
        LoopbackBackend backend = new LoopbackBackend(context);
        assertThat(backend.info().pairs()).isEqualTo(2);
        assertThat(backend.info().checksum()).isTrue();
        assertThat(backend.info().tso()).isTrue();
        assertThat(backend.info().linkUp()).isTrue();
        assertThat(backend.transmit(1, new Frame(60, 1))).isTrue();
        backend.transmitted(1);
        assertThat(backend.peek(0)).isNull();
        assertThat(context.takeReadable()).containsExactly(1);
        assertSame(backend.peek(1), 60, 1);
        backend.taken(1);
        backend.close();
    }

    @Test
    void what_one_driver_has_sent_is_not_for_the_next() throws Exception {
        TestBackendContext context = TestBackendContext.of().withChannels("pair0");
        LoopbackBackend backend = new LoopbackBackend(context);
        backend.usePairs(1);
        backend.transmit(0, new Frame(60, 1));
        backend.transmit(0, new Frame(60, 2));
        backend.peek(0);
        backend.usePairs(0);
        backend.usePairs(1);
        context.takeReadable();
        assertThat(backend.peek(0)).isNull();
        backend.transmit(0, new Frame(60, 3));
        backend.transmitted(0);
        assertThat(context.takeReadable()).containsExactly(0);
        assertSame(backend.peek(0), 60, 3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"262143", "1073741825"})
    void a_buffer_out_of_its_range_is_refused(String size) {
        assertThatThrownBy(() -> new LoopbackBackend(TestBackendContext.of("buffer", size).withChannels("pair0")))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("buffer of " + size).hasMessageContaining("256K to 1G");
    }
}
