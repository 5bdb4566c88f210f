package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.QueuePause;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is behind a model is exchanged while queues are in use. */
@Timeout(120)
class ExchangeTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings SETTINGS =
            new EngineSettings(25_000, TimeUnit.SECONDS.toNanos(10), 2, 2, true);
    private static final EngineSettings HASTY =
            new EngineSettings(0, TimeUnit.MILLISECONDS.toNanos(300), 2, 1, false);
    private static final Duration PATIENT = Duration.ofSeconds(20);
    private static final Duration IMPATIENT = Duration.ofMillis(50);

    private final List<String> broken = new ArrayList<>();
    private final BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
    private TestDriver driver;
    private final TestModel model = new TestModel(taken::add);
    private SoftwareDataPath path;
    private DriverRing ring;

    @BeforeEach
    void start() throws Exception {
        driver = new TestDriver();
        path = new SoftwareDataPath("test", 1, (index, sentence) -> broken.add(sentence), SETTINGS, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(model);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
    }

    @AfterEach
    void closeAll() {
        path.close();
        driver.close();
    }

    private void send(int number) {
        assertThat(ring.add(new long[] {TestDriver.buffer(number)}, new int[] {512}, 0, 1, number)).isZero();
        ring.publish();
        driver.kickIfNeeded(ring);
    }

    private Chain take() throws InterruptedException {
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        assertThat(chain).isNotNull();
        return chain;
    }

    private int awaitUsed() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        int token = ring.poll();
        while (token == DriverRing.EMPTY) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.onSpinWait();
            token = ring.poll();
        }
        return token;
    }

    @Test
    void is_made_when_nothing_is_in_flight_and_chains_that_came_meanwhile_are_taken_afterwards() throws Exception {
        send(0);
        send(1);
        Chain first = take();
        Chain second = take();
        List<Integer> takenDuring = new ArrayList<>();
        CompletableFuture<QueuePause> pause = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                pause.complete(path.exchange(PATIENT, () -> {
                    send(2);
                    takenDuring.add(taken.size());
                    return model;
                }));
            } catch (Throwable e) {
                pause.completeExceptionally(e);
            }
        });
        first.complete(0);
        second.complete(0);

        QueuePause cost = pause.get(20, TimeUnit.SECONDS);
        assertThat(takenDuring).containsExactly(0);
        assertThat(cost.inFlight()).isLessThanOrEqualTo(2);
        assertThat(cost.nanos()).isPositive();
        take().complete(0);
        assertThat(List.of(awaitUsed(), awaitUsed(), awaitUsed())).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void counts_what_was_in_flight_and_is_not_made_if_that_does_not_end_by_the_deadline() throws Exception {
        send(0);
        Chain held = take();

        assertThatThrownBy(() -> path.exchange(IMPATIENT, () -> {
            broken.add("exchanged");
            return model;
        }))
                .isInstanceOfSatisfying(VdpaException.class,
                        refused -> assertThat(refused.error()).isEqualTo(VdpaError.ETIMEDOUT))
                .hasMessage("queue 0 has 1 requests in flight; waited 50 ms");
        assertThat(path.health()).isEqualTo(Health.OK);
        send(1);
        take().complete(0);
        assertThat(awaitUsed()).as("the queue goes on").isEqualTo(1);
        held.complete(0);
        assertThat(awaitUsed()).isZero();
        assertThat(broken).isEmpty();
    }

    @Test
    void that_is_refused_leaves_the_queue_to_go_on() throws Exception {
        assertThatThrownBy(() -> path.exchange(PATIENT, () -> {
            throw new VdpaException(VdpaError.EINVAL, "not this one");
        })).hasMessage("not this one");
        send(3);
        take().complete(0);
        assertThat(awaitUsed()).isEqualTo(3);
    }

    @Test
    void of_a_device_that_no_driver_runs_costs_nothing() throws Exception {
        path.reset();
        List<String> made = new ArrayList<>();
        assertThat(path.exchange(PATIENT, () -> {
            made.add("exchanged");
            return model;
        })).isEqualTo(new QueuePause(0, 0, 0, 0));
        assertThat(made).containsExactly("exchanged");
    }

    @Test
    void is_made_by_the_thread_of_the_queue_so_that_it_waits_for_no_other() throws Exception {
        BlockingQueue<Thread> made = new LinkedBlockingQueue<>();
        path.exchange(PATIENT, () -> {
            made.add(Thread.currentThread());
            return model;
        });
        assertThat(made.take().getName()).isEqualTo("busbar-test-q0");
    }

    @Test
    void is_made_also_under_a_load_that_gives_the_thread_no_rest() throws Exception {
        TestModel ending = new TestModel(chain -> chain.complete(0));
        path.exchange(PATIENT, () -> ending);
        AtomicBoolean enough = new AtomicBoolean();
        CountDownLatch goesOn = new CountDownLatch(10 * SIZE);
        CompletableFuture<Integer> load = CompletableFuture.supplyAsync(() -> {
            int number = 0;
            while (!enough.get() || ring.outstanding() > 0) {
                while (!enough.get() && ring.free() > 0) {
                    send(number++ % SIZE);
                }
                awaitUsed();
                goesOn.countDown();
            }
            return number;
        });
        assertThat(goesOn.await(20, TimeUnit.SECONDS)).as("requests are done").isTrue();
        assertThat(path.exchange(PATIENT, () -> ending).inFlight()).isZero();
        enough.set(true);
        assertThat(load.get(20, TimeUnit.SECONDS)).isPositive();
    }

    @Test
    void the_queue_goes_on_with_the_model_that_it_returns() throws Exception {
        BlockingQueue<Chain> takenByNext = new LinkedBlockingQueue<>();
        path.exchange(PATIENT, () -> new TestModel(takenByNext::add));
        send(4);
        Chain chain = takenByNext.poll(20, TimeUnit.SECONDS);
        assertThat(chain).isNotNull();
        chain.complete(0);
        assertThat(awaitUsed()).isEqualTo(4);
        assertThat(taken).isEmpty();
    }

    @Test
    void what_it_throws_is_told_and_the_queue_goes_on() throws Exception {
        assertThatThrownBy(() -> path.exchange(PATIENT, () -> {
            throw new IllegalStateException("a fault");
        })).hasRootCauseMessage("a fault");
        send(5);
        take().complete(0);
        assertThat(awaitUsed()).isEqualTo(5);
    }

    @Test
    void a_backend_that_throws_when_a_queue_goes_on_breaks_that_queue_and_the_exchange_is_made() throws Exception {
        List<String> sentences = new CopyOnWriteArrayList<>();
        List<Integer> served = new CopyOnWriteArrayList<>();
        CountDownLatch serves = new CountDownLatch(1);
        try (TestDriver pulled = new TestDriver()) {
            SoftwareDataPath two = new SoftwareDataPath(
                    "two", 2, (index, sentence) -> sentences.add(index + ": " + sentence), SETTINGS, 1024);
            two.setMemory(pulled.memory());
            two.setFeatures(FEATURES);
            two.attach(new PullingTestModel(source -> { }));
            pulled.setUp(two, 0, SIZE);
            pulled.setUp(two, 1, SIZE);
            two.run();
            PullingTestModel throwing = new PullingTestModel(source -> { }) {

                @Override
                public void service(int queue, ChainSource source) {
                    served.add(queue);
                    serves.countDown();
                }

                @Override
                public int wakeDescriptor(int queue) {
                    if (queue == 0) {
                        throw new IllegalStateException("no descriptor today");
                    }
                    return super.wakeDescriptor(queue);
                }
            };

            assertThat(two.exchange(PATIENT, () -> throwing).nanos()).isPositive();
            assertThat(serves.await(20, TimeUnit.SECONDS)).as("the other queue goes on").isTrue();
            assertThat(served).containsOnly(1);
            assertThat(sentences).containsExactly("0: the device model threw java.lang.IllegalStateException: no descriptor today");
            two.close();
        }
    }

    @Test
    void a_control_thread_that_is_interrupted_gives_it_up_and_the_queue_goes_on() throws Exception {
        send(0);
        Chain held = take();
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread control = Thread.ofPlatform().start(() -> {
            try {
                path.exchange(PATIENT, () -> {
                    broken.add("exchanged");
                    return model;
                });
                outcome.complete(null);
            } catch (Throwable e) {
                outcome.complete(e);
            }
        });
        control.interrupt();
        assertThat(outcome.get(10, TimeUnit.SECONDS)).hasMessage("interrupted while queues were stopped");
        held.complete(0);
        assertThat(awaitUsed()).isZero();
        send(1);
        take().complete(0);
        assertThat(awaitUsed()).as("the queue goes on").isEqualTo(1);
        assertThat(broken).isEmpty();
    }

    @Test
    void one_that_does_not_come_back_is_left_and_the_device_holds_until_it_has() throws Exception {
        CountDownLatch comesBack = new CountDownLatch(1);
        BlockingQueue<Chain> takenByNext = new LinkedBlockingQueue<>();
        TestModel next = new TestModel(takenByNext::add);
        try (TestDriver other = new TestDriver()) {
            SoftwareDataPath hasty = new SoftwareDataPath("hasty", 1, (index, sentence) -> broken.add(sentence), HASTY, 1024);
            hasty.setMemory(other.memory());
            hasty.setFeatures(FEATURES);
            hasty.attach(model);
            other.setUp(hasty, 0, SIZE);
            hasty.run();

            VdpaException refused = catchThrowableOfType(VdpaException.class, () -> hasty.exchange(Duration.ofSeconds(1), () -> {
                await(comesBack);
                return next;
            }));
            assertThat(refused.error()).isEqualTo(VdpaError.EIO);
            assertThat(refused.reason()).isEqualTo(Reason.BACKEND_STUCK);
            assertThat(refused).hasMessageStartingWith("a backend does not come back from an exchange");
            assertThat(hasty.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
            assertThatThrownBy(hasty::detach).as("what it may still change").isInstanceOf(VdpaException.class);

            DriverRing theirs = other.ring(0, SIZE, FEATURES);
            theirs.add(new long[] {TestDriver.buffer(0)}, new int[] {512}, 0, 1, 0);
            theirs.publish();
            other.kickIfNeeded(theirs);
            comesBack.countDown();
            hasty.detach();
            assertThat(taken).isEmpty();
            assertThat(takenByNext).as("it was left").isEmpty();
            hasty.attach(model);
            take().complete(0);
            assertThat(hasty.health()).isEqualTo(Health.OK);
            hasty.close();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
