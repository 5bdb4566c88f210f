package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.device.Chain;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.IoUring;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SoftwareDataPathTest {

    private static final int SIZE = 16;
    private static final long FEATURES =
            1L << VirtioConfig.VIRTIO_F_VERSION_1 | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
    private static final EngineSettings SETTINGS =
            new EngineSettings(25_000, TimeUnit.SECONDS.toNanos(10), 2, 2, true);
    private static final EngineSettings IMPATIENT =
            new EngineSettings(25_000, TimeUnit.SECONDS.toNanos(2), 2, 2, true);

    private static final EngineSettings ONE_WORKER =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), 2, 1, true);

    private final List<String> broken = new CopyOnWriteArrayList<>();
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

    private void start(TestModel model, EngineSettings settings) throws Exception {
        open(2, settings);
        path.attach(model);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
    }

    private void open(int queues, EngineSettings settings) throws Exception {
        path = new SoftwareDataPath("test", queues, (index, sentence) -> broken.add(index + ": " + sentence), settings, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
    }

    /** Makes a chain of one readable and one writable buffer available. */
    private void add(int number) {
        int result = ring.add(
                new long[] {TestDriver.buffer(2 * number), TestDriver.buffer(2 * number + 1)},
                new int[] {512, 4096},
                1,
                1,
                number);
        assertThat(result).isZero();
    }

    private void send(int number) {
        add(number);
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

    private static void copyOneToAnother(Chain chain) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment scratch = arena.allocate(512);
            long in = chain.readable().copyTo(scratch, 0, 512);
            long out = chain.writable().copyFrom(scratch, 0, in);
            chain.complete(out);
        }
    }

    @Test
    void chains_are_processed_and_their_written_bytes_are_reported() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        driver.put(TestDriver.buffer(6), 0x5a);
        send(3);
        assertThat(awaitUsed()).isEqualTo(3);
        assertThat(ring.usedLength()).isEqualTo(512);
        assertThat(driver.get(TestDriver.buffer(7))).isEqualTo(0x5a);
    }

    @Test
    void a_sleeping_driver_is_called() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        for (int i = 0; i < 2000; i++) {
            boolean more = ring.enableCalls();
            assertThat(more).isFalse();
            driver.calls.drainPermits();
            send(i % SIZE / 2);
            // A call may be late, for what was polled already: that one says nothing, and another must come.
            while (ring.poll() == DriverRing.EMPTY) {
                if (!ring.enableCalls()) {
                    assertThat(driver.calls.tryAcquire(20, TimeUnit.SECONDS)).as("call %d", i).isTrue();
                }
            }
        }
    }

    @Test
    void completions_from_other_threads_in_any_order_come_back() throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        start(new TestModel(taken::add), SETTINGS);
        for (int i = 0; i < 8; i++) {
            add(i);
        }
        ring.publish();
        driver.kickIfNeeded(ring);
        List<Chain> chains = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            chains.add(taken.poll(20, TimeUnit.SECONDS));
        }
        for (Chain chain : chains.reversed()) {
            Thread.ofPlatform().start(() -> copyOneToAnother(chain)).join();
        }
        boolean[] seen = new boolean[8];
        for (int i = 0; i < 8; i++) {
            seen[awaitUsed()] = true;
        }
        assertThat(seen).doesNotContain(false);
    }

    @Test
    void work_handed_to_io_threads_completes() throws Exception {
        start(new TestModel(chain -> chain.onIoThread((late, attachment) -> copyOneToAnother(late), null)), SETTINGS);
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < 8; i++) {
                add(i);
            }
            ring.publish();
            driver.kickIfNeeded(ring);
            for (int i = 0; i < 8; i++) {
                awaitUsed();
            }
        }
        assertThat(path.counters(0)).containsEntry("used chains", 1600L);
    }

    @Test
    void a_chain_handed_to_io_threads_several_times_at_once_has_each_piece_of_work_done_once() throws Exception {
        int pieces = 16;
        AtomicIntegerArray done = new AtomicIntegerArray(pieces);
        start(new TestModel(chain -> {
            AtomicInteger left = new AtomicInteger(pieces);
            for (int i = 0; i < pieces; i++) {
                chain.onIoThread((late, piece) -> {
                    done.incrementAndGet((int) piece);
                    if (left.decrementAndGet() == 0) {
                        late.complete(0);
                    }
                }, i);
            }
        }), SETTINGS);
        int rounds = 200;
        for (int round = 0; round < rounds; round++) {
            add(0);
            add(1);
            ring.publish();
            driver.kickIfNeeded(ring);
            awaitUsed();
            awaitUsed();
        }
        for (int i = 0; i < pieces; i++) {
            assertThat(done.get(i)).as("piece %d", i).isEqualTo(2 * rounds);
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void a_chain_completed_twice_is_counted_and_changes_nothing() throws Exception {
        start(new TestModel(chain -> {
            chain.complete(1);
            chain.complete(2);
        }), SETTINGS);
        send(0);
        awaitUsed();
        assertThat(ring.usedLength()).isEqualTo(1);
        await(() -> path.counters(0).get("backend misuses") == 1);
        send(1);
        assertThat(awaitUsed()).isEqualTo(1);
    }

    @Test
    void a_payload_of_a_completed_request_refuses() throws Exception {
        BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
        start(new TestModel(chain -> {
            var payload = chain.writable();
            chain.complete(0);
            try {
                payload.fill((byte) 1, 1);
            } catch (IllegalStateException e) {
                thrown.add(e);
            }
        }), SETTINGS);
        send(0);
        assertThat(thrown.poll(20, TimeUnit.SECONDS)).hasMessageContaining("completed already");
    }

    @Test
    void stopping_a_queue_waits_for_what_is_in_flight_and_saves_its_state() throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        start(new TestModel(taken::add), SETTINGS);
        send(0);
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        Thread.ofPlatform().start(() -> copyOneToAnother(chain));
        path.setVqReady(0, false);
        assertThat(path.getVqState(0)).isEqualTo(new VqState.Split(1));
        assertThat(ring.poll()).isZero();
        send(1);
        path.setVqReady(0, true);
        Chain next = taken.poll(20, TimeUnit.SECONDS);
        copyOneToAnother(next);
        assertThat(awaitUsed()).isEqualTo(1);
    }

    @Test
    void a_request_that_does_not_end_makes_the_stop_fail_with_a_reason_and_the_stop_can_be_repeated()
            throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        start(new TestModel(taken::add), IMPATIENT);
        send(0);
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> path.reset())
                .isInstanceOfSatisfying(VdpaException.class, e -> {
                    assertThat(e.error()).isEqualTo(VdpaError.ETIMEDOUT);
                    assertThat(e.reason()).isEqualTo(Reason.BACKEND_STUCK);
                    assertThat(e).hasMessageContaining("queue 0 has 1 requests in flight");
                });
        assertThat(path.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
        chain.complete(0);
        path.reset();
        assertThat(path.health()).isEqualTo(Health.OK);
    }

    @Test
    void requests_that_were_given_up_when_a_queue_broke_are_not_counted_as_in_flight_later() throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        start(new TestModel(chain -> {
            if (chain.readable().size() == 1) {
                throw new IllegalArgumentException("boom");
            }
            taken.add(chain);
        }), IMPATIENT);
        ring.add(new long[] {TestDriver.buffer(0)}, new int[] {1}, 1, 0, 0);
        ring.publish();
        driver.kickIfNeeded(ring);
        await(() -> !broken.isEmpty());
        path.setVqReady(0, false);
        path.setVqReady(0, true);
        send(1);
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> path.pause()).hasMessageContaining("queue 0 has 1 requests in flight");
        chain.complete(0);
        path.reset();
    }

    @Test
    void a_model_that_blocks_is_named() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        start(new TestModel(chain -> {
            entered.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            chain.complete(0);
        }), IMPATIENT);
        send(0);
        assertThat(entered.await(20, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> path.pause()).hasMessageContaining("busbar-test-q0 does not come back");
        leave.countDown();
        await(() -> {
            try {
                path.pause();
                return true;
            } catch (VdpaException e) {
                return false;
            }
        });
    }

    @Test
    void a_model_that_throws_breaks_its_queue_and_no_other() throws Exception {
        start(new TestModel(chain -> {
            if (chain.readable().size() == 1) {
                throw new IllegalArgumentException("boom");
            }
            copyOneToAnother(chain);
        }), SETTINGS);
        driver.setUp(path, 1, SIZE);
        DriverRing other = driver.ring(1, SIZE, FEATURES);
        ring.add(new long[] {TestDriver.buffer(0)}, new int[] {1}, 1, 0, 0);
        ring.publish();
        driver.kickIfNeeded(ring);
        await(() -> !broken.isEmpty());
        assertThat(broken.getFirst()).startsWith("0: ").contains("boom");
        ring = other;
        send(5);
        assertThat(awaitUsed()).isEqualTo(5);
        path.reset();
        assertThat(path.health()).isEqualTo(Health.OK);
    }

    @Test
    void a_callback_that_throws_breaks_its_queue_and_no_other() throws Exception {
        start(new TestModel(chain -> chain.onIoThread((late, attachment) -> copyOneToAnother(late), null)), ONE_WORKER);
        path.setVqCallback(0, () -> {
            throw new IllegalStateException("nobody listens");
        });
        path.setVqNum(1, SIZE);
        path.setVqAddress(1, TestDriver.table(1), TestDriver.driverArea(1), TestDriver.deviceArea(1));
        path.setVqReady(1, true);
        DriverRing other = driver.ring(1, SIZE, FEATURES);
        send(0);
        await(() -> !broken.isEmpty());
        assertThat(broken).containsExactly("0: its callback threw java.lang.IllegalStateException: nobody listens");
        ring = other;
        add(5);
        ring.publish();
        path.kick(1);
        assertThat(awaitUsed()).isEqualTo(5);
        path.reset();
    }

    @Test
    void work_that_throws_on_an_io_thread_breaks_the_queue_and_is_not_published() throws Exception {
        start(new TestModel(chain -> chain.onIoThread((late, attachment) -> {
            throw new IllegalStateException("late boom");
        }, null)), SETTINGS);
        send(0);
        await(() -> !broken.isEmpty());
        assertThat(broken.getFirst()).contains("late boom");
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
    }

    @Test
    void a_queue_whose_memory_is_cut_off_breaks_and_the_process_lives() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        send(0);
        awaitUsed();
        Process truncate = new ProcessBuilder("truncate", "-s", "0",
                "/proc/" + ProcessHandle.current().pid() + "/fd/" + driver.file.number()).inheritIO().start();
        assertThat(truncate.waitFor()).isZero();
        path.kick(0);
        await(() -> !broken.isEmpty());
        assertThat(broken.getFirst()).contains("memory is not there");
        path.setVqReady(0, false);
    }

    @Test
    void with_no_model_chains_wait_and_none_is_lost() throws Exception {
        open(1, SETTINGS);
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
        send(4);
        path.attach(new TestModel(SoftwareDataPathTest::copyOneToAnother));
        assertThat(awaitUsed()).isEqualTo(4);
        path.detach();
        send(5);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        path.attach(new TestModel(SoftwareDataPathTest::copyOneToAnother));
        assertThat(awaitUsed()).isEqualTo(5);
    }

    @Test
    void new_memory_is_used_by_a_queue_that_runs() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        send(0);
        awaitUsed();
        try (var moved = Mapping.map(driver.file.number(), 0, TestDriver.BYTES, true)) {
            path.setMemory(DriverMemory.of(List.of(new MemoryRegion(
                    TestDriver.IOVA, TestDriver.BYTES, moved.segment(), true, -1, 0))));
            driver.theirs.close();
            send(1);
            assertThat(awaitUsed()).isEqualTo(1);
            path.reset();
        }
    }

    @Test
    void a_buffer_may_lie_across_two_regions_that_are_neighbours_here_too() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        long border = TestDriver.buffer(1) + 100 - TestDriver.IOVA;
        MemorySegment all = driver.theirs.segment();
        path.setMemory(DriverMemory.of(List.of(
                new MemoryRegion(TestDriver.IOVA, border, all.asSlice(0, border), true, -1, 0),
                new MemoryRegion(
                        TestDriver.IOVA + border, TestDriver.BYTES - border, all.asSlice(border), true, -1, border))));
        for (int i = 0; i < 512; i++) {
            driver.put(TestDriver.buffer(0) + i, i);
        }
        send(0);
        assertThat(awaitUsed()).isZero();
        assertThat(ring.usedLength()).isEqualTo(512);
        for (int i = 0; i < 512; i++) {
            assertThat(driver.get(TestDriver.buffer(1) + i)).isEqualTo(i & 0xff);
        }
    }

    @Test
    void a_queue_whose_parts_are_not_in_the_new_memory_is_broken() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        path.setMemory(DriverMemory.EMPTY);
        assertThat(broken).singleElement().asString().contains("descriptor table").contains("not inside");
    }

    @Test
    void a_queue_that_broke_with_the_memory_can_be_stopped_and_set_up_again() throws Exception {
        start(new TestModel(SoftwareDataPathTest::copyOneToAnother), SETTINGS);
        path.setMemory(DriverMemory.EMPTY);
        path.setVqReady(0, false);
        path.setMemory(driver.memory());
        assertThat(path.getVqReady(0)).isFalse();
        path.setVqReady(0, true);
        send(1);
        assertThat(awaitUsed()).isEqualTo(1);
    }

    @Test
    void a_queue_whose_start_failed_as_its_thread_did_not_answer_does_not_run_and_can_be_started_later()
            throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AtomicInteger others = new AtomicInteger();
        TestModel model = new TestModel(chain -> {
            if (chain.readable().size() == 1) {
                others.incrementAndGet();
            } else {
                entered.countDown();
                awaitLatch(leave);
            }
            chain.complete(0);
        });
        start(model, new EngineSettings(0, TimeUnit.SECONDS.toNanos(1), 2, 1, true));
        send(0);
        awaitLatch(entered);
        path.setVqNum(1, SIZE);
        path.setVqAddress(1, TestDriver.table(1), TestDriver.driverArea(1), TestDriver.deviceArea(1));
        DriverRing other = driver.ring(1, SIZE, FEATURES);
        other.add(new long[] {TestDriver.buffer(0)}, new int[] {1}, 1, 0, 0);
        other.publish();
        assertThatThrownBy(() -> path.setVqReady(1, true))
                .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.error()).isEqualTo(VdpaError.ETIMEDOUT))
                .hasMessageContaining("busbar-test-q0 does not come back");
        assertThat(path.getVqReady(1)).isFalse();
        leave.countDown();
        assertThat(awaitUsed()).isZero();
        path.attach(model);
        path.setVqState(1, VqState.Split.INITIAL);
        path.kick(1);
        send(1);
        assertThat(awaitUsed()).isEqualTo(1);
        assertThat(others).as("chains of a queue that is not ready").hasValue(0);

        path.setVqReady(1, true);
        await(() -> other.poll() != DriverRing.EMPTY);
        assertThat(others).hasValue(1);
        path.reset();
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_device_that_goes_on_after_a_stop_that_failed_is_well() throws Exception {
        BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
        TestModel model = new TestModel(taken::add);
        start(model, new EngineSettings(0, TimeUnit.SECONDS.toNanos(1), 2, 2, true));
        send(0);
        Chain chain = taken.poll(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> path.detach()).hasMessageContaining("queue 0 has 1 requests in flight");
        path.attach(model);
        assertThat(path.health()).isEqualTo(Health.OK);
        chain.complete(0);
        assertThat(awaitUsed()).isZero();
        send(1);
        taken.poll(20, TimeUnit.SECONDS).complete(0);
        assertThat(awaitUsed()).isEqualTo(1);
    }

    @Test
    void bad_set_up_is_refused_by_name() throws Exception {
        open(1, SETTINGS);
        assertThatThrownBy(() -> path.setVqNum(0, 300)).hasMessageContaining("300").hasMessageContaining("power of two");
        assertThatThrownBy(() -> path.setVqAddress(0, TestDriver.IOVA + 8, 0, 0)).hasMessageContaining("multiple of 16");
        assertThatThrownBy(() -> path.setVqReady(0, true)).hasMessageContaining("without a size");
        path.setVqNum(0, 16);
        path.setVqAddress(0, 0x1000, 0x2000, 0x3000);
        assertThatThrownBy(() -> path.setVqReady(0, true)).hasMessageContaining("not inside the driver's memory");
        assertThat(path.getVqReady(0)).isFalse();
    }

    @Test
    void what_was_in_flight_in_a_shared_area_is_done_again_in_order() throws Exception {
        open(1, SETTINGS);
        InflightArea area = path.createInflight(1, SIZE);
        try (Fd file = Fd.own(area.descriptor())) {
            assertThat(MemFd.seals(file.number()) & MemFd.F_SEAL_SHRINK).isNotZero();
            path.setInflight(area);
            BlockingQueue<Chain> taken = new LinkedBlockingQueue<>();
            path.attach(new TestModel(taken::add));
            driver.setUp(path, 0, SIZE);
            path.run();
            ring = driver.ring(0, SIZE, FEATURES);
            for (int i = 0; i < 4; i++) {
                send(i);
            }
            List<Chain> first = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                first.add(taken.poll(20, TimeUnit.SECONDS));
            }
            first.get(1).complete(0);
            assertThat(awaitUsed()).isEqualTo(1);

            // The process ends here for the driver: another data path goes on from the area alone.
            SoftwareDataPath successor = new SoftwareDataPath("next", 1, (i, s) -> broken.add(s), SETTINGS, 1024);
            try {
                List<Integer> again = new CopyOnWriteArrayList<>();
                successor.setMemory(driver.memory());
                successor.setFeatures(FEATURES);
                successor.setInflight(area);
                successor.attach(new TestModel(chain -> {
                    again.add(chain.slot());
                    copyOneToAnother(chain);
                }));
                driver.setUp(successor, 0, SIZE);
                successor.run();
                assertThat(List.of(awaitUsed(), awaitUsed(), awaitUsed())).containsExactly(0, 2, 3);
                assertThat(again).hasSize(3);
                assertThat(successor.counters(0)).containsEntry("resumed chains", 3L);
                send(9);
                assertThat(awaitUsed()).isEqualTo(9);
            } finally {
                successor.close();
            }
            for (Chain chain : List.of(first.get(0), first.get(2), first.get(3))) {
                chain.complete(0);
            }
        }
    }

    @Test
    void a_file_is_read_and_written_through_the_payload() throws Exception {
        try (Fd file = MemFd.create("disk", 8192, true)) {
            start(new TestModel(chain -> {
                long written = chain.readable().writeTo(file.number(), 4096, 512, false);
                long read = chain.writable().tryReadFrom(file.number(), 4096, 512);
                chain.complete(written == 512 ? read : 0);
            }), SETTINGS);
            driver.put(TestDriver.buffer(0), 0x77);
            send(0);
            awaitUsed();
            assertThat(ring.usedLength()).isEqualTo(512);
            assertThat(driver.get(TestDriver.buffer(1))).isEqualTo(0x77);
        }
    }

    @Test
    void asynchronous_transfers_move_data_and_complete_on_the_owner() throws Exception {
        assertThat(IoUring.unavailabilityCause()).isEmpty();
        Path disk = Files.createTempFile("busbar-async", ".img");
        try (PositionalFile file = PositionalFile.open(disk, OpenFlag.READ_WRITE)) {
            int descriptor = file.fd().number();
            IoCompletion readDone = (chain, bytes) -> ((Chain) chain).complete(bytes);
            IoCompletion writeDone = (attachment, bytes) -> {
                Chain chain = (Chain) attachment;
                boolean started = chain.writable()
                        .limit(512)
                        .startReadFrom(descriptor, 512L * chain.slot(), readDone, chain);
                assertThat(started).isTrue();
            };
            start(new TestModel(chain -> {
                boolean started =
                        chain.readable().startWriteTo(descriptor, 512L * chain.slot(), false, writeDone, chain);
                assertThat(started).isTrue();
            }), SETTINGS);
            for (int round = 0; round < 100; round++) {
                for (int i = 0; i < 8; i++) {
                    driver.put(TestDriver.buffer(2 * i), round + i);
                    driver.put(TestDriver.buffer(2 * i + 1), 0);
                    add(i);
                }
                ring.publish();
                driver.kickIfNeeded(ring);
                for (int i = 0; i < 8; i++) {
                    int token = awaitUsed();
                    assertThat(ring.usedLength()).isEqualTo(512);
                    assertThat(driver.get(TestDriver.buffer(2 * token + 1))).isEqualTo(round + token & 0xff);
                }
            }
        } finally {
            Files.delete(disk);
        }
    }

    @Test
    void a_transfer_whose_completion_throws_breaks_the_queue_which_can_still_be_stopped() throws Exception {
        try (Fd file = MemFd.create("disk", 8192, true)) {
            IoCompletion throwing = (attachment, bytes) -> {
                throw new IllegalStateException("ended badly");
            };
            start(new TestModel(chain -> assertThat(
                    chain.readable().startWriteTo(file.number(), 0, false, throwing, chain)).isTrue()), SETTINGS);
            send(0);
            await(() -> !broken.isEmpty());
            assertThat(broken.getFirst()).contains("ended badly");
            path.reset();
            assertThat(path.health()).isEqualTo(Health.OK);
        }
    }

    @Test
    void nothing_is_allocated_per_request() throws Exception {
        MemorySegment scratch = Arena.global().allocate(512);
        BlockingQueue<Thread> worker = new LinkedBlockingQueue<>(1);
        start(new TestModel(chain -> {
            if (worker.isEmpty()) {
                worker.add(Thread.currentThread());
            }
            long bytes = chain.readable().copyTo(scratch, 0, 512);
            chain.complete(chain.writable().copyFrom(scratch, 0, bytes));
        }), SETTINGS);
        long[] addresses = {TestDriver.buffer(0), TestDriver.buffer(1)};
        int[] lengths = {512, 4096};
        exchange(addresses, lengths, 1);
        assertThat(Allocation.leastOf(worker.element(), () -> exchange(addresses, lengths, 1_000_000))).isZero();
        assertThat(scratch.get(ValueLayout.JAVA_BYTE, 0)).isZero();
    }

    private void exchange(long[] addresses, int[] lengths, int count) {
        int sent = 0;
        int done = 0;
        while (done < count) {
            while (sent < count && ring.add(addresses, lengths, 1, 1, 0) == 0) {
                sent++;
            }
            ring.publish();
            driver.kickIfNeeded(ring);
            while (ring.poll() >= 0) {
                done++;
            }
        }
    }
}
