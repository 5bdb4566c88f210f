package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.api.device.DeviceModel;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that are in flight for too long are seen from outside. */
@Timeout(120)
class WatchdogTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(30);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private volatile boolean blocks;
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing ring;
    private long now = -SECOND;

    @BeforeEach
    void start() throws Exception {
        start(new TestModel(this::take));
    }

    private void start(DeviceModel model) throws Exception {
        driver = new TestDriver();
        path = new SoftwareDataPath("test", 1, (index, sentence) -> { },
                new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), 2, 2, false), 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(model);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
    }

    @AfterEach
    void closeAll() {
        goOn.countDown();
        taken.forEach(chain -> chain.complete(0));
        path.close();
        driver.close();
    }

    private void take(Chain chain) {
        if (blocks) {
            block();
        }
        taken.add(chain);
    }

    private void block() {
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(int number) {
        assertThat(ring.add(new long[] {TestDriver.buffer(number)}, new int[] {512}, 0, 1, number)).isZero();
        ring.publish();
        driver.kickIfNeeded(ring);
    }

    private Chain taken() throws InterruptedException {
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        assertThat(chain).isNotNull();
        return chain;
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    /** Looks each second, so many times. */
    private String overdueAfter(int seconds) {
        for (int i = 0; i < seconds; i++) {
            now += SECOND;
            path.lookForOverdue(now, LIMIT);
        }
        return path.overdue();
    }

    @Test
    void one_that_does_not_end_is_named_with_its_queue_until_it_has_ended() throws Exception {
        send(0);
        Chain held = taken();
        assertThat(overdueAfter(31)).as("not yet: the first look was a second after nothing").isEmpty();
        assertThat(overdueAfter(1)).matches("1 request of queue 0 in flight since [0-9-]+T[0-9:]+Z");
        assertThat(path.health().ok()).as("nothing stops").isTrue();
        held.complete(0);
        eventually("it has ended", () -> overdueAfter(1).isEmpty());
    }

    @Test
    void those_that_come_and_go_in_the_same_slots_are_not() throws Exception {
        for (int i = 0; i < 40; i++) {
            send(0);
            Chain chain = taken();
            assertThat(overdueAfter(1)).isEmpty();
            chain.complete(0);
            eventually("it is used", () -> ring.poll() != DriverRing.EMPTY);
        }
    }

    @Test
    void a_model_that_does_not_come_back_holds_up_what_it_was_given() throws Exception {
        blocks = true;
        send(0);
        eventually("it is taken", () -> path.counters(0).get("chains") == 1);
        assertThat(overdueAfter(32)).startsWith("1 request of queue 0 in flight since ");
    }

    @Test
    void a_thread_that_does_not_come_back_from_a_model_that_pulls_is_named() throws Exception {
        closeAll();
        CountDownLatch called = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        start(new PullingTestModel(source -> {
            called.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        assertThat(called.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(overdueAfter(32)).startsWith("thread busbar-test-q0 is in the backend of queue 0 since ");
        end.countDown();
        eventually("it is back", () -> overdueAfter(1).isEmpty());
    }

    @Test
    void the_watchdog_looks_by_itself_as_long_as_a_data_path_is_open() throws Exception {
        send(0);
        Chain held = taken();
        try (Watchdog watchdog = new Watchdog(Duration.ZERO, Duration.ofMillis(2))) {
            watchdog.watch(path);
            eventually("it looks", () -> {
                watchdog.limit(Duration.ofMillis(1));
                return !path.overdue().isEmpty();
            });
            watchdog.limit(Duration.ZERO);
            eventually("there is no limit", () -> path.overdue().isEmpty());
        }
        held.complete(0);
    }
}
