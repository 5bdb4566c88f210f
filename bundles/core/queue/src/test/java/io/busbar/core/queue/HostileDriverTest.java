package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.machine.SmallFileSystem;
import java.io.File;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a driver does to the engine beyond its rings: floods, memory that vanishes, buffers that are the ring itself. */
@Timeout(180)
class HostileDriverTest {

    private static final int SIZE = 16;
    private static final long FEATURES =
            1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    private static final int HUGE = 0x8000;
    private static final int IO_THREADS = 2;

    /** None that other tests have threads of. */
    private static final String NAME = "hostile";

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private TestDriver driver;
    private SoftwareDataPath path;

    @AfterEach
    void closeAll() {
        path.close();
        driver.close();
    }

    private DriverRing start(TestModel model, TestDriver with) throws Exception {
        driver = with;
        EngineSettings oneThread = new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), IO_THREADS, 1, true);
        path = new SoftwareDataPath(NAME, 2, (index, sentence) -> broken.add(index + ": " + sentence), oneThread, 1024);
        path.setMemory(driver.memory());
        path.attach(model);
        return startQueue(0);
    }

    private DriverRing start(TestModel model) throws Exception {
        return start(model, new TestDriver());
    }

    private DriverRing startQueue(int index) throws Exception {
        path.setFeatures(FEATURES);
        driver.setUp(path, index, SIZE);
        path.run();
        return driver.ring(index, SIZE, FEATURES);
    }

    private DriverRing startQueueWithoutKickDescriptor(int index) throws Exception {
        path.setVqNum(index, SIZE);
        path.setVqAddress(
                index, TestDriver.table(index), TestDriver.driverArea(index), TestDriver.deviceArea(index));
        path.setVqReady(index, true);
        return driver.ring(index, SIZE, FEATURES);
    }

    /** Makes a chain of one readable and one writable buffer available. */
    private void send(DriverRing ring, long writable, int writableBytes) {
        assertThat(ring.add(new long[] {TestDriver.buffer(0), writable}, new int[] {512, writableBytes}, 1, 1, 1))
                .isZero();
        ring.publish();
        driver.kickIfNeeded(ring);
    }

    private void send(DriverRing ring) {
        send(ring, TestDriver.buffer(1), 512);
    }

    private static void awaitUsed(DriverRing ring) {
        await(() -> ring.poll() != DriverRing.EMPTY);
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.yield();
        }
    }

    private static void cutOff(Fd file) throws Exception {
        try (var open = new RandomAccessFile(new File("/proc/self/fd/" + file.number()), "rw")) {
            open.setLength(0);
        }
    }

    private void resetWorks() throws Exception {
        path.reset();
        assertThat(path.health()).isEqualTo(Health.OK);
    }

    private void resetAndServe() throws Exception {
        resetWorks();
        driver.ours.segment().asSlice(TestDriver.table(0) - TestDriver.IOVA, HUGE * 2L).fill((byte) 0);
        DriverRing again = startQueue(0);
        send(again);
        awaitUsed(again);
    }

    // Floods

    @Test
    void a_driver_that_refills_as_fast_as_it_is_served_delays_neither_other_queues_nor_control() throws Exception {
        DriverRing[] endless = new DriverRing[1];
        AtomicBoolean refill = new AtomicBoolean(true);
        BlockingQueue<Integer> others = new LinkedBlockingQueue<>();
        endless[0] = start(new TestModel(chain -> {
            boolean other = chain.readable().size() == 1;
            chain.complete(0);
            if (other) {
                others.add(1);
            } else if (refill.get() && endless[0].poll() != DriverRing.EMPTY) {
                send(endless[0]);
            }
        }));
        DriverRing ring = startQueueWithoutKickDescriptor(1);
        for (int i = 0; i < SIZE / 2; i++) {
            endless[0].add(new long[] {TestDriver.buffer(0), TestDriver.buffer(1)}, new int[] {512, 512}, 1, 1, 1);
        }
        // From here on the ring is the model's thread's alone.
        endless[0].publish();
        path.kick(0);
        await(() -> path.counters(0).get("chains") > 10_000);
        ring.add(new long[] {TestDriver.buffer(0)}, new int[] {1}, 1, 0, 0);
        ring.publish();
        path.kick(1);
        assertThat(others.poll(20, TimeUnit.SECONDS)).isEqualTo(1);
        path.setVqReady(0, false);
        resetWorks();
    }

    @Test
    void a_storm_of_kicks_is_one_kick_until_the_queue_is_looked_at() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        DriverRing ring = start(new TestModel(chain -> {
            entered.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            chain.complete(0);
        }));
        send(ring);
        assertThat(entered.await(20, TimeUnit.SECONDS)).isTrue();
        long before = path.counters(0).get("kicks");
        for (int i = 0; i < 100_000; i++) {
            path.kick(0);
        }
        leave.countDown();
        awaitUsed(ring);
        send(ring);
        awaitUsed(ring);
        assertThat(path.counters(0).get("kicks") - before).isBetween(1L, 3L);
    }

    @Test
    void kicks_before_the_data_path_runs_do_nothing_and_lose_nothing() throws Exception {
        driver = new TestDriver();
        path = new SoftwareDataPath(
                NAME, 1, (index, sentence) -> broken.add(sentence), new EngineSettings(0, 1L << 32, 2, 1, true), 1024);
        path.attach(new TestModel(chain -> chain.complete(0)));
        path.kick(0);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.kick(0);
        driver.setUp(path, 0, SIZE);
        DriverRing ring = driver.ring(0, SIZE, FEATURES);
        send(ring);
        path.kick(0);
        path.setVqCallback(0, driver.calls::release);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        path.run();
        awaitUsed(ring);
    }

    @Test
    void a_storm_of_resets_under_load_leaves_no_descriptor_and_no_thread_behind() throws Exception {
        start(new TestModel(chain -> chain.onIoThread((late, attachment) -> late.complete(0), null)));
        resetAndServe();
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 300; i++) {
            path.reset();
            path.reset();
            driver.ours.segment().asSlice(TestDriver.table(0) - TestDriver.IOVA, HUGE * 2L).fill((byte) 0);
            DriverRing ring = startQueue(0);
            send(ring);
            send(ring);
        }
        resetAndServe();
        before.awaitNoMore("in the end");
        Eventually.that(() -> threads() <= 1 + IO_THREADS, () -> threads() + " threads");
        path.close();
        Eventually.that(() -> threads() == 0, () -> threads() + " threads of a data path that was closed");
    }

    private static long threads() {
        return Eventually.threadsNamed("busbar-" + NAME);
    }

    // Memory that vanishes

    @Test
    void a_completion_from_elsewhere_into_memory_that_was_cut_off_breaks_the_queue_which_can_still_be_stopped()
            throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        DriverRing ring = start(new TestModel(taken::add));
        send(ring);
        send(ring, TestDriver.buffer(2), 512);
        Chain first = taken.poll(20, TimeUnit.SECONDS);
        Chain second = taken.poll(20, TimeUnit.SECONDS);
        cutOff(driver.file);
        first.complete(0);
        second.complete(0);
        await(() -> !broken.isEmpty());
        assertThat(broken).containsExactly("0: the driver's memory is not there any more");
        resetWorks();
    }

    @Test
    void a_batch_completed_on_the_spot_into_memory_that_was_cut_off_breaks_the_queue_which_can_still_be_stopped()
            throws Exception {
        DriverRing ring = start(new TestModel(chain -> {
            try {
                cutOff(driver.file);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            chain.complete(0);
        }));
        for (int i = 0; i < 3; i++) {
            ring.add(new long[] {TestDriver.buffer(i)}, new int[] {512}, 1, 0, i);
        }
        ring.publish();
        driver.kickIfNeeded(ring);
        await(() -> !broken.isEmpty());
        assertThat(broken).containsExactly("0: the driver's memory is not there any more");
        resetWorks();
    }

    @Test
    void a_shared_record_of_requests_that_was_cut_off_breaks_the_queue_which_can_still_be_stopped() throws Exception {
        try (Fd record = MemFd.create("record", 1 << 16, true)) {
            BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
            start(new TestModel(taken::add));
            resetWorks();
            path.setInflight(new InflightArea(record.number(), 1 << 16, 0, 1, SIZE));
            DriverRing ring = startQueue(0);
            send(ring);
            Chain chain = taken.poll(20, TimeUnit.SECONDS);
            cutOff(record);
            chain.complete(0);
            send(ring, TestDriver.buffer(2), 512);
            await(() -> !broken.isEmpty());
            resetWorks();
        }
    }

    @Test
    void memory_for_which_the_system_has_no_room_fails_the_request_and_the_queue_goes_on(@TempDir Path mount)
            throws Exception {
        SmallFileSystem small = SmallFileSystem.mountAt(mount, 256);
        try {
            Path sparse = Files.createFile(mount.resolve("memory"));
            Fd file = PositionalFile.open(sparse, OpenFlag.READ_WRITE).fd();
            try (var open = new RandomAccessFile(sparse.toFile(), "rw")) {
                open.setLength(TestDriver.BYTES);
            }
            BlockingQueue<Long> results = new LinkedBlockingQueue<>();
            DriverRing ring = start(new TestModel(chain -> {
                long result = chain.writable().fill((byte) 1, chain.writable().size());
                results.add(result);
                chain.complete(Math.max(0, result));
            }), new TestDriver(file));
            send(ring, TestDriver.buffer(100), 512 << 10);
            assertThat(results.poll(20, TimeUnit.SECONDS)).isNegative();
            awaitUsed(ring);
            assertThat(ring.usedLength()).isZero();
            assertThat(broken).isEmpty();
            resetWorks();
        } finally {
            path.close();
            driver.close();
            small.close();
        }
    }

    // Buffers that are the ring itself

    @Test
    void a_buffer_that_is_a_part_of_the_ring_harms_that_ring_alone() throws Exception {
        long[] parts = {TestDriver.table(0), TestDriver.driverArea(0), TestDriver.deviceArea(0)};
        for (int value : new int[] {0xff, 0, 1}) {
            for (long part : parts) {
                DriverRing ring = start(new TestModel(chain ->
                        chain.complete(Math.max(0, chain.writable().fill((byte) value, 512)))));
                send(ring, part, 512);
                await(() -> path.counters(0).get("used chains") == 1 || !broken.isEmpty());
                resetAndServe();
                closeAll();
                broken.clear();
            }
        }
        start(new TestModel(chain -> chain.complete(0)));
    }
}
