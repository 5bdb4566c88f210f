package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.device.Chain;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that a backend does not end are taken away from it, and are in one hand at any time. */
@Timeout(120)
class FenceTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings SETTINGS =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(2), 2, 2, false);
    private static final Duration SHORT = Duration.ofMillis(20);
    private static final int LENGTH = 512;

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Chain> old = new LinkedBlockingQueue<>();
    private final BlockingQueue<Chain> next = new LinkedBlockingQueue<>();
    private final DeviceModel successor = new TestModel(next::add);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing ring;

    @BeforeEach
    void makeDriver() throws Exception {
        driver = new TestDriver();
    }

    @AfterEach
    void closeAll() {
        goOn.countDown();
        next.forEach(chain -> chain.complete(0));
        path.close();
        driver.close();
    }

    private void start(DeviceModel model) throws Exception {
        path = new SoftwareDataPath("test", 1, (index, sentence) -> broken.add(sentence), SETTINGS, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(model);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
    }

    private void send(int number) {
        assertThat(ring.add(new long[] {TestDriver.buffer(number)}, new int[] {LENGTH}, 0, 1, number)).isZero();
        ring.publish();
        driver.kickIfNeeded(ring);
    }

    private static Chain take(BlockingQueue<Chain> from) throws InterruptedException {
        Chain chain = from.poll(20, TimeUnit.SECONDS);
        assertThat(chain).isNotNull();
        return chain;
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.yield();
        }
    }

    private int awaitUsed() {
        int[] token = {DriverRing.EMPTY};
        eventually("a used buffer", () -> (token[0] = ring.poll()) != DriverRing.EMPTY);
        return token[0];
    }

    private void block() {
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The next one has the numbers that were sent, in this order, and ends them with a byte of its own. */
    private void theNextServes(int... numbers) throws InterruptedException {
        for (int number : numbers) {
            Chain chain = take(next);
            assertThat(chain.writable().fill((byte) (0x40 + number), 1)).isEqualTo(1);
            assertThat(driver.get(TestDriver.buffer(number))).as("request " + number).isEqualTo(0x40 + number);
            chain.complete(1);
            assertThat(awaitUsed()).isEqualTo(number);
        }
        assertThat(next).isEmpty();
        assertThat(ring.poll()).as("each is used once").isEqualTo(DriverRing.EMPTY);
    }

    private static boolean threadIsIn(String method) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().equals("busbar-test-q0"))
                .flatMap(entry -> Arrays.stream(entry.getValue()))
                .anyMatch(frame -> frame.getMethodName().equals(method));
    }

    private VdpaException refused() {
        VdpaException refusal = catchThrowableOfType(
                VdpaException.class, () -> path.exchangeByForce(SHORT, () -> successor));
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    @Test
    void what_an_asynchronous_backend_holds_is_served_by_the_next_in_the_order_of_the_driver() throws Exception {
        start(new TestModel(old::add));
        List<Chain> held = new ArrayList<>();
        for (int number = 0; number < 6; number++) {
            send(number);
            held.add(take(old));
        }
        // Slots are used again out of order: what is oldest is not what has the lowest slot.
        held.remove(1).complete(0);
        assertThat(awaitUsed()).isEqualTo(1);
        send(1);
        held.add(take(old));

        assertThat(path.exchangeByForce(SHORT, () -> successor).inFlight()).isEqualTo(6);
        theNextServes(0, 2, 3, 4, 5, 1);

        for (Chain late : held) {
            assertThatThrownBy(() -> late.writable().position(0).fill((byte) 0x77, 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the request was taken away from its backend");
            late.complete(1);
        }
        assertThat(driver.get(TestDriver.buffer(0))).as("what the next has written").isEqualTo(0x40);
        send(7);
        theNextServes(7);
        assertThat(path.counters(0))
                .containsEntry("fenced chains", 6L)
                .containsEntry("resumed chains", 6L)
                .containsEntry("late completions", 6L)
                .containsEntry("backend misuses", 0L);
        assertThat(broken).isEmpty();
        assertThat(path.health()).isEqualTo(Health.OK);
    }

    @Test
    void all_of_it_is_done_by_the_thread_that_owns_the_queue_so_that_it_waits_for_no_other() throws Exception {
        start(new TestModel(old::add));
        send(0);
        take(old);
        List<String> threads = new ArrayList<>();
        path.exchangeByForce(SHORT, () -> {
            threads.add(Thread.currentThread().getName());
            return successor;
        });
        assertThat(threads).containsExactly("busbar-test-q0");
        theNextServes(0);
    }

    @Test
    void what_ends_in_time_is_not_taken_away() throws Exception {
        start(new TestModel(chain -> chain.complete(0)));
        send(0);
        assertThat(awaitUsed()).isZero();
        path.exchangeByForce(SHORT, () -> successor);
        send(1);
        theNextServes(1);
        assertThat(path.counters(0)).containsEntry("fenced chains", 0L);
    }

    @Test
    void work_on_an_io_thread_cannot_be_fenced_and_the_old_one_goes_on() throws Exception {
        CountDownLatch atWork = new CountDownLatch(1);
        start(new TestModel(chain -> {
            old.add(chain);
            if (chain.slot() == 0) {
                chain.onIoThread((same, nothing) -> {
                    atWork.countDown();
                    block();
                    same.complete(same.writable().fill((byte) 9, 1));
                }, null);
            }
        }));
        send(0);
        take(old);
        atWork.await();
        VdpaException refusal = refused();
        assertThat(refusal.error()).isEqualTo(VdpaError.ETIMEDOUT);
        assertThat(refusal.reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(refusal).hasMessageStartingWith("1 requests of queue 0 are in system calls");
        send(1);
        Chain other = take(old);
        other.complete(other.writable().fill((byte) 8, 1));
        assertThat(awaitUsed()).as("the old one has not lost a request").isEqualTo(1);
        goOn.countDown();
        assertThat(awaitUsed()).isZero();
        assertThat(next).isEmpty();
        assertThat(path.counters(0)).containsEntry("fenced chains", 0L);
    }

    @Test
    void a_thread_that_does_not_come_back_is_left_to_the_backend_and_does_no_harm_when_it_does() throws Exception {
        BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        Thread[] stuck = new Thread[1];
        start(new TestModel(chain -> {
            stuck[0] = Thread.currentThread();
            block();
            try {
                chain.writable().fill((byte) 0x77, 1);
            } catch (IllegalStateException e) {
                thrown.add(e);
            }
            chain.complete(1);
        }));
        send(0);
        eventually("it is taken", () -> path.counters(0).get("chains") == 1);
        send(1);
        path.exchangeByForce(SHORT, () -> successor);
        theNextServes(0, 1);
        assertThat(path.counters(0)).containsEntry("abandoned threads", 1L).containsEntry("fenced chains", 1L);

        goOn.countDown();
        stuck[0].join(20_000);
        assertThat(stuck[0].isAlive()).as("it ends").isFalse();
        assertThat(thrown.take()).hasMessage("the request was taken away from its backend");
        assertThat(driver.get(TestDriver.buffer(0))).isEqualTo(0x40);
        assertThat(path.counters(0)).containsEntry("late completions", 1L);
        send(2);
        theNextServes(2);
        assertThat(broken).isEmpty();
    }

    @Test
    void a_backend_that_throws_when_it_comes_back_breaks_no_queue_of_the_next() throws Exception {
        Thread[] stuck = new Thread[1];
        start(new TestModel(chain -> {
            stuck[0] = Thread.currentThread();
            block();
            throw new IllegalStateException("too late");
        }));
        send(0);
        eventually("it is taken", () -> stuck[0] != null);
        path.exchangeByForce(SHORT, () -> successor);
        goOn.countDown();
        stuck[0].join(20_000);
        theNextServes(0);
        assertThat(broken).isEmpty();
    }

    @Test
    void a_thread_inside_a_verb_is_not_elsewhere() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        try (Fd event = EventFd.createBlocking()) {
            start(new TestModel(chain -> {
                // A system call that waits, with the driver's memory as its target.
                inside.countDown();
                chain.writable().receiveFrom(event.number());
                chain.complete(1);
            }));
            send(0);
            inside.await();
            eventually("it waits in the call", () -> threadIsIn("receiveFrom"));
            assertThat(refused().error()).isEqualTo(VdpaError.ETIMEDOUT);
            EventFd.signal(event.number());
            assertThat(awaitUsed()).as("the old one goes on").isZero();
        }
    }

    @Test
    void after_a_refusal_queues_hold_and_go_on_with_whatever_is_attached_next() throws Exception {
        start(new TestModel(old::add));
        send(0);
        Chain held = take(old);
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> path.exchangeByForce(SHORT, () -> {
            throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, "not this one", null);
        }));
        assertThat(refusal.error()).isEqualTo(VdpaError.EIO);
        assertThat(refusal.reason()).isEqualTo(Reason.FEATURES_MISMATCH);
        send(1);
        assertThatThrownBy(() -> path.setVqReady(0, false)).hasMessageStartingWith("1 requests of queue 0 were taken away");
        path.detach();
        held.complete(0);
        assertThat(old).as("the old one gets nothing any more").isEmpty();
        path.attach(successor);
        theNextServes(0, 1);
    }

    @Test
    void a_reset_forgets_what_was_taken_away() throws Exception {
        start(new TestModel(old::add));
        send(0);
        Chain held = take(old);
        catchThrowableOfType(VdpaException.class, () -> path.exchangeByForce(SHORT, () -> {
            throw new VdpaException(VdpaError.EINVAL, "not this one");
        }));
        path.reset();
        held.complete(0);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
    }

    @Test
    void a_queue_that_is_pulled_cannot_be_fenced() throws Exception {
        CountDownLatch called = new CountDownLatch(1);
        start(new PullingTestModel(source -> {
            called.countDown();
            block();
        }));
        called.await();
        assertThat(refused()).hasMessageStartingWith("thread busbar-test-q0 is inside the backend");
    }

    @Test
    void an_exchange_that_the_thread_of_the_queues_does_not_come_back_from_is_left() throws Exception {
        start(new TestModel(old::add));
        send(0);
        take(old);
        isLeftAndGoesOnWhenItHasEnded();
    }

    @Test
    void an_exchange_for_a_thread_that_is_left_to_its_backend_may_not_come_back_either() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        start(new TestModel(chain -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        send(0);
        eventually("it is taken", () -> path.counters(0).get("chains") == 1);
        try {
            isLeftAndGoesOnWhenItHasEnded();
        } finally {
            end.countDown();
        }
    }

    private void isLeftAndGoesOnWhenItHasEnded() throws Exception {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> path.exchangeByForce(SHORT, () -> {
            block();
            return successor;
        }));
        assertThat(refusal.error()).isEqualTo(VdpaError.EIO);
        assertThat(refusal.reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(path.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThatThrownBy(path::detach).as("what it may still change").isInstanceOf(VdpaException.class);
        goOn.countDown();
        path.detach();
        assertThat(next).isEmpty();
        path.attach(successor);
        theNextServes(0);
    }
}
