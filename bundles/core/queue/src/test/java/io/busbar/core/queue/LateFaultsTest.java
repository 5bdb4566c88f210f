package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.api.vdpa.Health;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.io.File;
import java.io.RandomAccessFile;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memory that vanishes under code that is compiled: the JVM then reports the fault where it likes, not at the access. */
@Timeout(120)
class LateFaultsTest {

    private static final int SIZE = 16;
    private static final long FEATURES =
            1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    private static final int WARM = 1_000_000;

    private final List<String> broken = new CopyOnWriteArrayList<>();

    @Test
    void wherever_the_fault_shows_the_queue_breaks_and_can_be_stopped() throws Exception {
        serveAndCut(LateFaultsTest::fill, WARM, 500_000);
        for (int round = 0; round < 40; round++) {
            serveAndCut(LateFaultsTest::fill, 2_000, round % 2 * 500_000);
        }
    }

    @Test
    void wherever_the_fault_shows_on_an_io_thread_the_queue_breaks_and_can_be_stopped() throws Exception {
        serveAndCut(LateFaultsTest::fillLater, WARM / 10, 0);
        for (int round = 0; round < 40; round++) {
            serveAndCut(LateFaultsTest::fillLater, 2_000, 0);
        }
    }

    private static void fill(Chain chain) {
        chain.complete(chain.writable().fill((byte) 1, 512));
    }

    private static void fillLater(Chain chain) {
        chain.onIoThread((late, attachment) -> fill(late), null);
    }

    private void serveAndCut(Consumer<Chain> work, int requests, long spinNanos) throws Exception {
        broken.clear();
        EngineSettings settings = new EngineSettings(spinNanos, TimeUnit.SECONDS.toNanos(5), 2, 2, false);
        try (TestDriver driver = new TestDriver()) {
            SoftwareDataPath path = new SoftwareDataPath("test", 1, (i, sentence) -> broken.add(sentence), settings, 1024);
            path.setMemory(driver.memory());
            path.setFeatures(FEATURES);
            path.attach(new TestModel(work));
            driver.setUp(path, 0, SIZE);
            path.run();
            DriverRing ring = driver.ring(0, SIZE, FEATURES);
            exchange(driver, ring, requests);
            add(ring);
            ring.publish();
            cutOff(driver);
            path.kick(0);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (broken.isEmpty()) {
                assertThat(System.nanoTime()).as("the queue breaks").isLessThan(end);
                Thread.onSpinWait();
            }
            path.reset();
            assertThat(path.health()).isEqualTo(Health.OK);
            path.close();
        }
    }

    private static void exchange(TestDriver driver, DriverRing ring, int count) {
        int sent = 0;
        int done = 0;
        while (done < count) {
            while (sent < count && add(ring)) {
                sent++;
            }
            ring.publish();
            driver.kickIfNeeded(ring);
            while (ring.poll() >= 0) {
                done++;
            }
        }
    }

    private static boolean add(DriverRing ring) {
        return ring.add(new long[] {TestDriver.buffer(1)}, new int[] {4096}, 0, 1, 0) == 0;
    }

    private static void cutOff(TestDriver driver) throws Exception {
        try (var open = new RandomAccessFile(new File("/proc/self/fd/" + driver.file.number()), "rw")) {
            open.setLength(0);
        }
    }
}
