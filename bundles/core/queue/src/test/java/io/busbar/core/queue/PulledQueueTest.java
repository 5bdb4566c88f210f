package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PulledQueueTest {

    private static final int SIZE = 256;
    private static final long FEATURES =
            1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    private static final EngineSettings NO_SPIN =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), 2, 2, true);

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger pending = new AtomicInteger();
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing ring;

    @BeforeEach
    void makeDriver() throws Exception {
        driver = new TestDriver();
    }

    @AfterEach
    void closeAll() {
        if (path != null) {
            path.close();
        }
        driver.close();
    }

    private void start(PullingTestModel model) throws Exception {
        start(model, FEATURES);
    }

    /** Starts the queue; the driver's side is that which has made buffers available already, if there is one. */
    private void start(PullingTestModel model, long features) throws Exception {
        path = new SoftwareDataPath(
                "pulled", 1, (index, sentence) -> broken.add(index + ": " + sentence), NO_SPIN, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(features);
        path.attach(model);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = ring == null ? driver.ring(0, SIZE, features) : ring;
    }

    @Test
    void queues_of_a_group_have_one_thread_and_groups_have_several() throws Exception {
        Thread[] threads = new Thread[4];
        CountDownLatch served = new CountDownLatch(threads.length);
        path = new SoftwareDataPath("pairs", threads.length, (index, sentence) -> broken.add(index + ": " + sentence), NO_SPIN, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(new PullingTestModel(source -> { }) {
            @Override
            public int queueGroup(int queue) {
                return queue / 2;
            }

            @Override
            public void service(int queue, ChainSource source) {
                if (threads[queue] == null) {
                    threads[queue] = Thread.currentThread();
                    served.countDown();
                }
            }
        });
        for (int queue = 0; queue < threads.length; queue++) {
            path.setVqNum(queue, SIZE);
            path.setVqAddress(queue, TestDriver.table(queue), TestDriver.driverArea(queue), TestDriver.deviceArea(queue));
            path.setVqReady(queue, true);
        }
        path.run();
        assertThat(served.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(threads[1]).isSameAs(threads[0]);
        assertThat(threads[3]).isSameAs(threads[2]).isNotSameAs(threads[0]);
    }

    /** Makes buffers of 4096 bytes available that the device writes to. */
    private void offer(int from, int count) {
        for (int i = from; i < from + count; i++) {
            assertThat(ring.add(new long[] {TestDriver.buffer(i)}, new int[] {4096}, 0, 1, i)).isZero();
        }
        ring.publish();
        driver.kickIfNeeded(ring);
    }

    private int awaitUsed() {
        int[] token = new int[1];
        await(() -> (token[0] = ring.poll()) != DriverRing.EMPTY);
        return token[0];
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private void awaitService(int before) {
        await(() -> calls.get() > before);
    }

    /** A model that gives one buffer for each that is pending. */
    private void giveOnePerPending(ChainSource source) {
        while (pending.get() > 0) {
            Chain chain = source.next();
            if (chain == null) {
                break;
            }
            chain.writable().fill((byte) 7, 100);
            chain.complete(100);
            pending.decrementAndGet();
        }
        calls.incrementAndGet();
    }

    @Test
    void buffers_wait_until_the_model_has_something_for_them() throws Exception {
        start(new PullingTestModel(this::giveOnePerPending));
        awaitService(0);
        offer(0, 8);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        pending.set(3);
        path.wake(0);
        for (int i = 0; i < 3; i++) {
            assertThat(awaitUsed()).isEqualTo(i);
            assertThat(ring.usedLength()).isEqualTo(100);
        }
        await(() -> driver.calls.tryAcquire());
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
    }

    @Test
    void a_driver_is_asked_for_kicks_only_while_the_model_waits_for_its_buffers() throws Exception {
        start(new PullingTestModel(this::giveOnePerPending), 1L << VirtioConfig.VIRTIO_F_VERSION_1);
        awaitService(0);
        wakeAndAwaitService();
        await(() -> !kicksWanted());
        offer(0, 8);
        pending.set(10);
        wakeAndAwaitService();
        await(this::kicksWanted);
        offer(8, 2);
        await(() -> pending.get() == 0);
        await(() -> !kicksWanted());
        assertThat(path.counters(0).get("kicks")).isPositive();
    }

    private void wakeAndAwaitService() {
        int before = calls.get();
        path.wake(0);
        awaitService(before);
    }

    /** Reads the flags of the used ring (virtio 1.2, 2.7.8). */
    private boolean kicksWanted() {
        return driver.get(TestDriver.deviceArea(0)) == 0;
    }

    @Test
    void a_queue_that_ran_dry_goes_on_when_the_driver_makes_more_available() throws Exception {
        pending.set(1000);
        start(new PullingTestModel(this::giveOnePerPending));
        awaitService(0);
        for (int i = 0; i < 1000; i++) {
            offer(i % SIZE, 1);
            assertThat(awaitUsed()).isEqualTo(i % SIZE);
        }
        assertThat(pending.get()).isZero();
        assertThat(path.counters(0).get("chains")).isEqualTo(1000);
    }

    @Test
    void chains_that_are_put_back_come_again_in_their_order_and_the_queues_state_is_without_them() throws Exception {
        List<Integer> slots = new CopyOnWriteArrayList<>();
        start(new PullingTestModel(source -> {
            for (int i = 0; i < 5; i++) {
                Chain chain = source.next();
                if (chain != null) {
                    MemorySegment one = Arena.ofAuto().allocate(1);
                    one.set(ValueLayout.JAVA_BYTE, 0, (byte) i);
                    chain.writable().copyFrom(one, 0, 1);
                }
            }
            slots.add(source.open());
            source.putBack();
            calls.incrementAndGet();
        }));
        awaitService(0);
        offer(0, 5);
        path.wake(0);
        await(() -> slots.contains(5));
        path.pause();
        assertThat(path.getVqState(0)).isEqualTo(new VqState.Split(0));
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        for (int i = 0; i < 5; i++) {
            assertThat(driver.get(TestDriver.buffer(i))).isEqualTo(i);
        }
    }

    @Test
    void what_is_left_open_by_a_call_is_put_back() throws Exception {
        start(new PullingTestModel(source -> {
            source.next();
            source.next();
            Chain third = source.next();
            calls.addAndGet(third == null ? 0 : 1);
        }));
        offer(0, 4);
        path.wake(0);
        awaitService(0);
        path.wake(0);
        awaitService(1);
        path.pause();
        assertThat(path.getVqState(0)).isEqualTo(new VqState.Split(0));
        assertThat(broken).isEmpty();
    }

    @Test
    void chains_that_are_open_together_appear_to_the_driver_together() throws Exception {
        AtomicInteger seenEarly = new AtomicInteger();
        AtomicReference<DriverRing> theirs = new AtomicReference<>();
        start(new PullingTestModel(source -> {
            Chain first = source.next();
            Chain second = source.next();
            Chain third = source.next();
            if (third == null) {
                return;
            }
            first.complete(10);
            second.complete(20);
            seenEarly.addAndGet(theirs.get().poll() == DriverRing.EMPTY ? 0 : 1);
            third.complete(30);
            calls.incrementAndGet();
        }));
        theirs.set(ring);
        offer(0, 3);
        path.wake(0);
        awaitService(0);
        assertThat(seenEarly.get()).isZero();
        for (int i = 0; i < 3; i++) {
            assertThat(awaitUsed()).isEqualTo(i);
            assertThat(ring.usedLength()).isEqualTo(10 * (i + 1));
        }
    }

    @Test
    void chains_that_are_completed_out_of_order_break_the_queue_and_nothing_else() throws Exception {
        start(new PullingTestModel(source -> {
            source.next();
            Chain second = source.next();
            if (second != null) {
                second.complete(1);
            }
        }));
        offer(0, 2);
        path.wake(0);
        await(() -> !broken.isEmpty());
        assertThat(broken.getFirst()).contains("expected the first of 2 open chains");
        path.setVqReady(0, false);
        assertThat(path.health().ok()).isTrue();
    }

    @Test
    void a_payload_of_a_chain_that_was_completed_cannot_be_used() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        start(new PullingTestModel(source -> {
            Chain chain = source.next();
            if (chain == null) {
                return;
            }
            chain.complete(0);
            try {
                chain.writable().fill((byte) 1, 1);
            } catch (IllegalStateException e) {
                thrown.set(e);
            }
        }));
        offer(0, 1);
        path.wake(0);
        await(() -> thrown.get() != null);
        assertThat(thrown.get()).hasMessageContaining("completed already");
    }

    @Test
    void no_verb_of_a_payload_works_after_its_chain_went_back_wherever_it_was_put() throws Exception {
        List<String> results = new CopyOnWriteArrayList<>();
        MemorySegment bytes = Arena.ofAuto().allocate(16);
        start(new PullingTestModel(source -> {
            Chain chain = source.next();
            if (chain == null) {
                return;
            }
            Payload kept = chain.writable();
            kept.copyFrom(bytes, 0, 8);
            chain.complete(8);
            for (Runnable late : List.<Runnable>of(
                    () -> kept.copyFrom(bytes, 0, 8),
                    () -> kept.position(2).copyFrom(bytes, 0, 8),
                    () -> kept.limit(20).position(0).copyTo(bytes, 0, 4),
                    () -> chain.writable().fill((byte) 1, 4))) {
                try {
                    late.run();
                    results.add("done");
                } catch (IllegalStateException e) {
                    results.add(e.getMessage());
                }
            }
        }));
        offer(0, 1);
        assertThat(awaitUsed()).isZero();
        await(() -> results.size() == 4);
        assertThat(results).allMatch(result -> result.contains("completed already"));
        assertThat(driver.get(TestDriver.buffer(0) + 2)).isZero();
    }

    /** Random positions, limits and copies, on a chain of several buffers, beside the same on an array. */
    @Test
    void a_payload_is_one_stream_of_bytes_wherever_its_buffers_end() throws Exception {
        int[] lengths = {12, 1, 64, 3, 200};
        int total = 280;
        long seed = 7;
        List<String> differences = new CopyOnWriteArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        start(new PullingTestModel(source -> {
            Chain chain = source.next();
            if (chain == null) {
                return;
            }
            for (int i = 0; i < 20_000; i++) {
                compare(chain, new Random(seed + i), total, differences);
            }
            chain.complete(0);
            done.countDown();
        }));
        long[] addresses = new long[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            addresses[i] = TestDriver.buffer(2 * i);
            for (int b = 0; b < lengths[i]; b++) {
                driver.put(addresses[i] + b, b + 13 * i);
            }
        }
        assertThat(ring.add(addresses, lengths, lengths.length, 0, 1)).isZero();
        ring.publish();
        path.wake(0);
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(differences).isEmpty();
    }

    private static void compare(Chain chain, Random random, int total, List<String> differences) {
        Payload payload = chain.readable();
        MemorySegment whole = Arena.ofAuto().allocate(total);
        MemorySegment part = Arena.ofAuto().allocate(total);
        payload.limit(total).position(0).copyTo(whole, 0, total);
        int limit = random.nextInt(total + 1);
        payload.limit(limit);
        int at = limit;
        for (int step = 0; step < 6; step++) {
            if (random.nextBoolean()) {
                at = random.nextInt(limit + 1);
                payload.position(at);
            }
            int length = random.nextInt(1 + (random.nextBoolean() ? 16 : total));
            int expected = Math.min(length, limit - at);
            long copied = payload.copyTo(part, 0, length);
            if (copied != expected || MemorySegment.mismatch(part, 0, expected, whole, at, at + expected) != -1) {
                differences.add("at " + at + " of " + limit + ", " + length + " bytes: " + copied);
            }
            at += expected;
        }
        payload.limit(total);
    }

    @Test
    void chains_of_several_takings_that_are_open_together_are_put_back_and_come_again() throws Exception {
        List<Integer> open = new CopyOnWriteArrayList<>();
        List<Integer> firsts = new CopyOnWriteArrayList<>();
        MemorySegment first = Arena.ofAuto().allocate(1);
        offerNumbered(40);
        start(new PullingTestModel(source -> {
            for (int round = 0; round < 2; round++) {
                Chain chain = source.next();
                if (chain == null) {
                    return;
                }
                chain.readable().copyTo(first, 0, 1);
                firsts.add((int) first.get(ValueLayout.JAVA_BYTE, 0));
                while (source.next() != null) {
                    Thread.onSpinWait();
                }
                open.add(source.open());
                source.putBack();
            }
            for (int i = 0; i < 40; i++) {
                Chain chain = source.next();
                chain.readable().copyTo(first, 0, 1);
                firsts.add((int) first.get(ValueLayout.JAVA_BYTE, 0));
                chain.complete(0);
            }
        }));
        for (int i = 0; i < 40; i++) {
            assertThat(awaitUsed()).isEqualTo(i);
        }
        assertThat(open).startsWith(40, 40);
        List<Integer> expected = new ArrayList<>(List.of(0, 0));
        for (int i = 0; i < 40; i++) {
            expected.add(i);
        }
        assertThat(firsts).isEqualTo(expected);
        assertThat(broken).isEmpty();
    }

    /** Makes buffers of one byte, their number, available before the queue starts. */
    private void offerNumbered(int count) {
        ring = driver.ring(0, SIZE, FEATURES);
        for (int i = 0; i < count; i++) {
            driver.put(TestDriver.buffer(i), i);
            assertThat(ring.add(new long[] {TestDriver.buffer(i)}, new int[] {1}, 1, 0, i)).isZero();
        }
        ring.publish();
    }

    @Test
    void a_queue_that_always_has_work_is_served_in_turns() throws Exception {
        List<Integer> turns = new CopyOnWriteArrayList<>();
        pending.set(SIZE);
        offerBefore(SIZE, source -> {
            int before = pending.get();
            giveOnePerPending(source);
            turns.add(before - pending.get());
        });
        await(() -> pending.get() == 0);
        assertThat(turns).allMatch(turn -> turn <= 2 * ChainSource.MAX_OPEN);
        assertThat(turns.size()).isGreaterThan(2);
    }

    /** Makes buffers available before the queue starts. */
    private void offerBefore(int count, Consumer<ChainSource> service) throws Exception {
        ring = driver.ring(0, SIZE, FEATURES);
        for (int i = 0; i < count; i++) {
            assertThat(ring.add(new long[] {TestDriver.buffer(i)}, new int[] {4096}, 0, 1, i)).isZero();
        }
        ring.publish();
        start(new PullingTestModel(service));
    }

    @Test
    void a_descriptor_that_becomes_ready_wakes_its_queue() throws Exception {
        try (Fd event = EventFd.create()) {
            start(new PullingTestModel(this::giveOnePerPending, true, event.number()));
            awaitService(0);
            offer(0, 4);
            for (int i = 0; i < 4; i++) {
                pending.set(1);
                EventFd.signal(event.number());
                assertThat(awaitUsed()).isEqualTo(i);
            }
        }
    }

    @Test
    void a_descriptor_is_let_go_when_the_queue_pauses_and_taken_again_when_it_goes_on() throws Exception {
        try (Fd event = EventFd.create()) {
            start(new PullingTestModel(this::giveOnePerPending, true, event.number()));
            awaitService(0);
            offer(0, 2);
            path.pause();
            int served = calls.get();
            pending.set(1);
            EventFd.signal(event.number());
            assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
            assertThat(calls.get()).isEqualTo(served);
            path.run();
            assertThat(awaitUsed()).isZero();
            pending.set(1);
            EventFd.signal(event.number());
            assertThat(awaitUsed()).isEqualTo(1);
        }
    }

    @Test
    void a_descriptor_that_cannot_be_waited_for_breaks_the_queue_with_a_sentence() throws Exception {
        start(new PullingTestModel(this::giveOnePerPending, true, driver.file.number()));
        await(() -> !broken.isEmpty());
        assertThat(broken.getFirst()).contains("descriptor " + driver.file.number()).contains("cannot be waited for");
    }

    @Test
    void nothing_is_in_flight_between_calls_so_that_the_model_can_be_taken_off_at_any_time() throws Exception {
        pending.set(Integer.MAX_VALUE);
        start(new PullingTestModel(this::giveOnePerPending));
        offer(0, 64);
        for (int i = 0; i < 64; i++) {
            awaitUsed();
        }
        path.detach();
        offer(0, 64);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        path.attach(new PullingTestModel(this::giveOnePerPending));
        for (int i = 0; i < 64; i++) {
            assertThat(awaitUsed()).isEqualTo(i);
        }
    }

    @Test
    void with_in_order_too_chains_can_be_put_back() throws Exception {
        AtomicInteger refusals = new AtomicInteger(3);
        start(
                new PullingTestModel(source -> {
                    for (Chain chain = source.next(); chain != null; chain = source.next()) {
                        if (refusals.getAndDecrement() > 0) {
                            source.putBack();
                            break;
                        }
                        chain.complete(1);
                    }
                    calls.incrementAndGet();
                }),
                FEATURES | 1L << VirtioConfig.VIRTIO_F_IN_ORDER);
        offer(0, 8);
        await(() -> {
            path.wake(0);
            return refusals.get() < -4;
        });
        for (int i = 0; i < 8; i++) {
            assertThat(awaitUsed()).isEqualTo(i);
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void a_payload_is_sent_to_a_stream_and_received_from_one_without_a_copy_in_between() throws Exception {
        List<UnixStream> ends = UnixStream.pair();
        try (UnixStream near = ends.getFirst(); UnixStream far = ends.getLast(); Arena arena = Arena.ofShared()) {
            MemorySegment prefix = arena.allocateFrom("head");
            List<Long> results = new CopyOnWriteArrayList<>();
            start(new PullingTestModel(source -> {
                Chain chain = source.next();
                if (chain != null) {
                    results.add(chain.readable().position(1).sendTo(near.fd().number(), prefix.asSlice(0, 4)));
                    results.add(chain.readable().remaining());
                    results.add(chain.writable().receiveFrom(far.fd().number()));
                    results.add(chain.writable().receiveFrom(far.fd().number()));
                    chain.complete(chain.writable().position());
                }
            }));
            driver.put(TestDriver.buffer(0) + 1, 'x');
            driver.put(TestDriver.buffer(0) + 2, 'y');
            assertThat(ring.add(
                    new long[] {TestDriver.buffer(0), TestDriver.buffer(1), TestDriver.buffer(2)},
                    new int[] {3, 5, 4096}, 1, 2, 9)).isZero();
            ring.publish();
            path.wake(0);
            assertThat(awaitUsed()).isEqualTo(9);
            assertThat(ring.usedLength()).isEqualTo(6);
            assertThat(results).containsExactly(6L, 0L, 6L, Payload.WOULD_BLOCK);
            byte[] got = new byte[6];
            for (int i = 0; i < 5; i++) {
                got[i] = (byte) driver.get(TestDriver.buffer(1) + i);
            }
            got[5] = (byte) driver.get(TestDriver.buffer(2));
            assertThat(got).asString().isEqualTo("headxy");
        }
    }

    @Test
    void a_chain_of_a_source_goes_to_no_other_thread() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        start(new PullingTestModel(source -> {
            Chain chain = source.next();
            if (chain != null) {
                try {
                    chain.onIoThread((work, attachment) -> { }, null);
                } catch (IllegalStateException e) {
                    thrown.set(e);
                }
                chain.complete(0);
            }
        }));
        offer(0, 1);
        path.wake(0);
        await(() -> thrown.get() != null);
        assertThatThrownBy(() -> {
            throw thrown.get();
        }).hasMessageContaining("stays on the thread");
    }

    @Test
    void a_model_is_told_which_queues_are_ready_when_that_changes_and_when_it_is_attached() throws Exception {
        PullingTestModel model = new PullingTestModel(this::giveOnePerPending);
        start(model);
        assertThat(model.isReady()).isTrue();
        path.setVqReady(0, false);
        assertThat(model.isReady()).isFalse();
        path.setVqReady(0, true);
        path.detach();
        PullingTestModel next = new PullingTestModel(this::giveOnePerPending);
        path.attach(next);
        assertThat(next.isReady()).isTrue();
        path.reset();
        assertThat(next.isReady()).isFalse();
    }

    /** A million chains that are taken, every third time put back first, and completed one by one or three together. */
    @Test
    void nothing_is_allocated_per_chain() throws Exception {
        BlockingQueue<Thread> worker = new LinkedBlockingQueue<>(1);
        Chain[] open = new Chain[3];
        int[] turns = new int[1];
        start(new PullingTestModel(source -> {
            if (worker.isEmpty()) {
                worker.add(Thread.currentThread());
            }
            if (++turns[0] % 3 == 0) {
                source.next();
                source.putBack();
            }
            int wanted = 1 + turns[0] % open.length;
            int count = 0;
            for (Chain chain = source.next(); chain != null; chain = source.next()) {
                open[count++] = chain;
                if (count == wanted) {
                    count = giveBack(open, count);
                }
            }
            giveBack(open, count);
        }));
        assertThat(Allocation.leastOf(worker.take(), () -> exchange(1_000_000))).isZero();
        assertThat(broken).isEmpty();
    }

    private static int giveBack(Chain[] open, int count) {
        for (int i = 0; i < count; i++) {
            open[i].complete(open[i].writable().fill((byte) 7, 60));
        }
        return 0;
    }

    private void exchange(int count) {
        long[] address = {TestDriver.buffer(0)};
        int[] length = {4096};
        int given = 0;
        int back = 0;
        while (back < count) {
            while (given < count && ring.add(address, length, 0, 1, 0) == 0) {
                given++;
            }
            ring.publish();
            driver.kickIfNeeded(ring);
            while (ring.poll() != DriverRing.EMPTY) {
                back++;
            }
            Thread.onSpinWait();
        }
    }
}
