package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.vdpa.Health;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A backend that blocks a thread costs the queue whose requests it has, and not the others of that thread. */
@Timeout(120)
class SubstitutionTest {

    private static final int SIZE = 16;
    private static final int BLOCKING = 0;
    private static final int OTHER = 1;
    private static final long BYTES = 512;
    private static final long FEATURES =
            1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    private static final EngineSettings ONE_WORKER =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), 2, 1, false);

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final BlockingQueue<Chain> held = new LinkedBlockingQueue<>();
    private final List<Thread> others = new CopyOnWriteArrayList<>();
    private volatile Thread stuck;
    private TestDriver driver;
    private final Fd[] kicks = new Fd[2];
    private final DriverRing[] rings = new DriverRing[2];
    private SoftwareDataPath path;
    private long now;

    @AfterEach
    void closeAll() {
        goOn.countDown();
        held.forEach(chain -> chain.complete(0));
        path.close();
        driver.close();
        kicks[BLOCKING].close();
        kicks[OTHER].close();
    }

    /** Serves each queue in its way. */
    private static final class TwoWays extends BareModel {

        private final TestModel blocking;
        private final TestModel other;

        TwoWays(TestModel blocking, TestModel other) {
            this.blocking = blocking;
            this.other = other;
        }

        @Override
        public void process(int queue, ChainBatch batch) {
            (queue == BLOCKING ? blocking : other).process(queue, batch);
        }
    }

    private void start(TestModel blocking, TestModel other) throws Exception {
        start(new TwoWays(blocking, other));
    }

    private void start(DeviceModel model) throws Exception {
        driver = new TestDriver();
        path = new SoftwareDataPath("test", 2, (index, sentence) -> broken.add(index + ": " + sentence), ONE_WORKER, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(model);
        for (int queue = 0; queue < 2; queue++) {
            kicks[queue] = EventFd.create();
            path.setVqNum(queue, SIZE);
            path.setVqAddress(
                    queue, TestDriver.table(queue), TestDriver.driverArea(queue), TestDriver.deviceArea(queue));
            path.setVqKickDescriptor(queue, kicks[queue].number());
            path.setVqReady(queue, true);
        }
        path.run();
        for (int queue = 0; queue < 2; queue++) {
            rings[queue] = driver.ring(queue, SIZE, FEATURES);
        }
    }

    private void send(int queue, int number) {
        DriverRing ring = rings[queue];
        assertThat(ring.add(new long[] {TestDriver.buffer(queue * SIZE + number)}, new int[] {512}, 0, 1, number)).isZero();
        ring.publish();
        if (ring.kickNeeded()) {
            EventFd.signal(kicks[queue].number());
        }
    }

    private int awaitUsed(int queue) {
        int[] token = new int[1];
        eventually("a used buffer of queue " + queue, () -> (token[0] = rings[queue].poll()) != DriverRing.EMPTY);
        return token[0];
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.yield();
        }
    }

    /** As the watchdog does, whose seconds are short here. */
    private void look() {
        now += TimeUnit.SECONDS.toNanos(1);
        path.lookForOverdue(now, Long.MAX_VALUE);
    }

    private void block(Chain chain) {
        stuck = Thread.currentThread();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        chain.complete(chain.writable().fill((byte) 1, 1));
    }

    @Test
    void the_other_queues_of_a_thread_that_is_blocked_go_on_with_what_they_have_in_flight() throws Exception {
        start(new TestModel(chain -> {
            if (goOn.getCount() > 0) {
                block(chain);
            } else {
                chain.complete(0);
            }
        }), new TestModel(chain -> {
            others.add(Thread.currentThread());
            if (chain.slot() == 0) {
                held.add(chain);
            } else {
                chain.complete(chain.writable().fill((byte) 2, 1));
            }
        }));
        send(OTHER, 0);
        eventually("one is in flight", () -> !held.isEmpty());
        send(BLOCKING, 7);
        eventually("it blocks", () -> stuck != null);
        held.take().complete(0);
        send(OTHER, 1);

        int[] token = {DriverRing.EMPTY};
        eventually("what was in flight ends", () -> {
            look();
            return (token[0] = rings[OTHER].poll()) != DriverRing.EMPTY;
        });
        assertThat(token[0]).isZero();
        assertThat(awaitUsed(OTHER)).isEqualTo(1);
        for (int number = 2; number < SIZE; number++) {
            send(OTHER, number);
            assertThat(awaitUsed(OTHER)).isEqualTo(number);
        }
        assertThat(others.getFirst()).isSameAs(stuck);
        assertThat(others.getLast()).isNotSameAs(stuck);
        assertThat(rings[BLOCKING].poll()).isEqualTo(DriverRing.EMPTY);
        assertThat(path.counters(BLOCKING)).containsEntry("abandoned threads", 1L).containsEntry("fenced chains", 0L);

        goOn.countDown();
        assertThat(awaitUsed(BLOCKING)).as("the blocked one goes on").isEqualTo(7);
        send(BLOCKING, 3);
        assertThat(awaitUsed(BLOCKING)).isEqualTo(3);
        send(OTHER, 5);
        assertThat(awaitUsed(OTHER)).isEqualTo(5);
        assertThat(broken).isEmpty();
        assertThat(path.health()).isEqualTo(Health.OK);

        path.reset();
        stuck.join(20_000);
        assertThat(stuck.isAlive()).as("a thread without queues ends").isFalse();
    }

    @Test
    void a_queue_that_was_moved_can_be_stopped_while_the_other_one_is_blocked() throws Exception {
        start(new TestModel(this::block), new TestModel(chain -> {
            others.add(Thread.currentThread());
            chain.complete(0);
        }));
        send(BLOCKING, 0);
        eventually("it blocks", () -> stuck != null);
        send(OTHER, 0);
        int[] token = {DriverRing.EMPTY};
        eventually("the other one goes on", () -> {
            look();
            return (token[0] = rings[OTHER].poll()) != DriverRing.EMPTY;
        });
        path.setVqReady(OTHER, false);
        assertThat(path.getVqState(OTHER).toString()).contains("1");
        path.setVqReady(OTHER, true);
        send(OTHER, 1);
        assertThat(awaitUsed(OTHER)).isEqualTo(1);
        assertThat(broken).isEmpty();
    }

    @Test
    void a_thread_that_comes_back_at_any_moment_loses_nothing() throws Exception {
        try (Fd file = MemFd.create("disk", BYTES * SIZE, true)) {
            comesBackAtAnyMoment(file.number());
        }
    }

    private void comesBackAtAnyMoment(int file) throws Exception {
        Random random = new Random(4);
        IoCompletion readDone = (chain, bytes) -> ((Chain) chain).complete(bytes);
        start(new TestModel(chain -> {
            LockSupport.parkNanos(random.nextInt(400_000));
            chain.complete(0);
        }), new TestModel(chain -> {
            switch (chain.slot() % 3) {
                case 0 -> chain.onIoThread((same, nothing) -> same.complete(same.writable().fill((byte) 1, BYTES)), null);
                case 1 -> {
                    if (!chain.writable().startReadFrom(file, BYTES * chain.slot(), readDone, chain)) {
                        chain.complete(chain.writable().readFrom(file, BYTES * chain.slot(), BYTES));
                    }
                }
                default -> chain.complete(chain.writable().fill((byte) 2, BYTES));
            }
        }));
        int moved = whileLookedAt(() -> {
            for (int number = 0; number < SIZE; number++) {
                send(BLOCKING, number);
                send(OTHER, number);
            }
            for (int queue = 0; queue < 2; queue++) {
                int seen = 0;
                for (int number = 0; number < SIZE; number++) {
                    seen |= 1 << awaitUsed(queue);
                    assertThat(rings[queue].usedLength()).isEqualTo(queue == BLOCKING ? 0 : BYTES);
                }
                assertThat(seen).as("each is used once").isEqualTo((1 << SIZE) - 1);
                assertThat(rings[queue].poll()).isEqualTo(DriverRing.EMPTY);
            }
        });
        assertThat(moved).isPositive();
    }

    /** Two queues that are pulled, one of which blocks; the other one is woken by a descriptor. */
    private final class PullingWays extends PullingTestModel {

        private final int group;
        private final Fd readable;

        PullingWays(int group, Fd readable) {
            super(source -> { });
            this.group = group;
            this.readable = readable;
        }

        @Override
        public int queueGroup(int queue) {
            return queue == BLOCKING ? 0 : group;
        }

        @Override
        public int wakeDescriptor(int queue) {
            return queue == OTHER ? readable.number() : -1;
        }

        @Override
        public void service(int queue, ChainSource source) {
            for (Chain chain = source.next(); chain != null; chain = source.next()) {
                if (queue == BLOCKING && goOn.getCount() > 0) {
                    block(chain);
                } else {
                    if (queue == OTHER) {
                        others.add(Thread.currentThread());
                    }
                    chain.complete(0);
                }
            }
        }
    }

    private void startPulled(int group, Fd readable) throws Exception {
        start(new PullingWays(group, readable));
        send(OTHER, 0);
        assertThat(awaitUsed(OTHER)).isZero();
        send(BLOCKING, 7);
        eventually("it blocks", () -> stuck != null);
        send(OTHER, 1);
    }

    @Test
    void queues_that_are_pulled_go_on_too_and_are_woken_as_before() throws Exception {
        try (Fd readable = EventFd.create()) {
            startPulled(1, readable);
            int[] token = {DriverRing.EMPTY};
            eventually("the other one goes on", () -> {
                look();
                return (token[0] = rings[OTHER].poll()) != DriverRing.EMPTY;
            });
            assertThat(token[0]).isEqualTo(1);
            EventFd.signal(readable.number());
            for (int number = 2; number < SIZE; number++) {
                send(OTHER, number);
                assertThat(awaitUsed(OTHER)).isEqualTo(number);
            }
            assertThat(others.getLast()).isNotSameAs(stuck);
            goOn.countDown();
            assertThat(awaitUsed(BLOCKING)).isEqualTo(7);
            send(BLOCKING, 3);
            assertThat(awaitUsed(BLOCKING)).isEqualTo(3);
            send(OTHER, 5);
            assertThat(awaitUsed(OTHER)).isEqualTo(5);
            assertThat(broken).isEmpty();
            path.reset();
            stuck.join(20_000);
            assertThat(stuck.isAlive()).as("a thread without queues ends").isFalse();
        }
    }

    @Test
    void queues_of_one_group_stay_together() throws Exception {
        try (Fd readable = EventFd.create()) {
            startPulled(0, readable);
            for (int i = 0; i < 5; i++) {
                look();
            }
            goOn.countDown();
            assertThat(awaitUsed(OTHER)).isEqualTo(1);
            assertThat(others).allMatch(thread -> thread == stuck);
            assertThat(path.counters(BLOCKING)).containsEntry("abandoned threads", 0L);
        }
    }

    @Test
    void no_frame_is_left_lying_when_a_thread_comes_back_at_any_moment() throws Exception {
        Random random = new Random(5);
        AtomicInteger frames = new AtomicInteger();
        try (Fd readable = EventFd.create()) {
            start(new PullingTestModel(source -> { }) {

                @Override
                public int wakeDescriptor(int queue) {
                    return queue == OTHER ? readable.number() : -1;
                }

                @Override
                public void service(int queue, ChainSource source) {
                    if (queue == OTHER) {
                        while (frames.get() > 0) {
                            frames.decrementAndGet();
                            source.next().complete(0);
                        }
                        return;
                    }
                    for (Chain chain = source.next(); chain != null; chain = source.next()) {
                        LockSupport.parkNanos(random.nextInt(400_000));
                        chain.complete(0);
                    }
                }
            });
            int moved = whileLookedAt(() -> {
                for (int number = 0; number < SIZE; number++) {
                    send(BLOCKING, number);
                    send(OTHER, number);
                }
                for (int number = 0; number < SIZE; number++) {
                    frames.incrementAndGet();
                    EventFd.signal(readable.number());
                    assertThat(awaitUsed(OTHER)).isEqualTo(number);
                }
                for (int number = 0; number < SIZE; number++) {
                    assertThat(awaitUsed(BLOCKING)).isEqualTo(number);
                }
            });
            assertThat(moved).isPositive();
        }
    }

    /** Does rounds for some seconds while the watchdog looks all the time; returns how often queues were moved. */
    private int whileLookedAt(Runnable round) throws Exception {
        Thread looks = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.interrupted()) {
                look();
                LockSupport.parkNanos(50_000);
            }
        });
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        for (int rounds = 1; System.nanoTime() - end < 0; rounds++) {
            round.run();
            if (rounds % 4 == 0) {
                // Started again it shares a thread again.
                path.setVqReady(BLOCKING, false);
                path.setVqReady(BLOCKING, true);
            }
        }
        looks.interrupt();
        looks.join();
        assertThat(broken).isEmpty();
        return path.counters(BLOCKING).get("abandoned threads").intValue();
    }
}
