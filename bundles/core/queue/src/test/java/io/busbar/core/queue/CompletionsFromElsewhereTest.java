package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chains that end while their worker is at work for another queue: of a backend that holds requests of several. */
@Timeout(60)
class CompletionsFromElsewhereTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings ONE_WORKER =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(5), 2, 1, false);

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final List<Chain> held = new ArrayList<>();
    private final Semaphore taken = new Semaphore(0);
    private final Semaphore calls = new Semaphore(0);
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing first;
    private DriverRing second;

    /** Holds the chains of the first queue; each chain of the second one ends one of them. */
    @BeforeEach
    void start() throws Exception {
        driver = new TestDriver();
        path = new SoftwareDataPath("test", 2, (index, sentence) -> broken.add(sentence), ONE_WORKER, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(new TestModel(this::hold));
        first = ready(0);
        second = ready(1);
        path.setVqCallback(0, calls::release);
        path.run();
    }

    @AfterEach
    void close() {
        path.close();
        driver.close();
    }

    private DriverRing ready(int queue) throws Exception {
        path.setVqNum(queue, SIZE);
        path.setVqAddress(queue, TestDriver.table(queue), TestDriver.driverArea(queue), TestDriver.deviceArea(queue));
        path.setVqReady(queue, true);
        return driver.ring(queue, SIZE, FEATURES);
    }

    private void hold(Chain chain) {
        if (chain.readable().size() == 1) {
            held.removeFirst().complete(0);
            chain.complete(0);
        } else {
            held.add(chain);
        }
        taken.release();
    }

    private void send(DriverRing ring, int queue, int count, int bytes) throws Exception {
        for (int i = 0; i < count; i++) {
            assertThat(ring.add(new long[] {TestDriver.buffer(i)}, new int[] {bytes}, 1, 0, i)).isZero();
        }
        ring.publish();
        path.kick(queue);
        assertThat(taken.tryAcquire(count, 20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void the_driver_is_called() throws Exception {
        // After a batch of twelve, one call stands for up to three completions.
        send(first, 0, 12, 512);
        send(second, 1, 1, 1);
        assertThat(calls.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        while (!held.isEmpty()) {
            send(second, 1, 1, 1);
        }
    }

    @Test
    void a_queue_that_is_being_stopped_stops() throws Exception {
        send(first, 0, 1, 512);
        Thread stop = Thread.ofPlatform().start(() -> {
            try {
                path.setVqReady(0, false);
            } catch (Exception e) {
                broken.add(e.toString());
            }
        });
        while (stop.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        send(second, 1, 1, 1);
        stop.join();
        assertThat(broken).isEmpty();
    }
}
