package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.CopyWatch;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk's content is copied while it is written, and no write is lost on either disk, however the copy ends. */
@Timeout(60)
class DiskCopyTest {

    private static final int WRITERS = 3;
    private static final int SECTORS = FakeDisks.CAPACITY / BlockInfo.SECTOR;
    private static final CopyWatch GOES_ON = (copied, left) -> true;

    private final FakeEngine engine = new FakeEngine();
    private final FakeModels models = new FakeModels();
    private final FakeDisks from = new FakeDisks("from");
    private final FakeDisks to = new FakeDisks("to");
    private final Factories factories = new Factories();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    private final SimManagementDevice sim = new SimManagementDevice(
            SimClass.ALL.getFirst(),
            new SimServices(
                    engine, factories, new Reaper(Duration.ofSeconds(10), Duration.ofSeconds(10)), callbacks));
    /** What the driver wrote, and so has to read. */
    private final byte[] written = new byte[FakeDisks.CAPACITY];
    private VdpaParentDevice device;
    private FakeDisks.Disk old;
    private volatile boolean writing = true;
    private Duration deadline = Duration.ofSeconds(10);

    @BeforeEach
    void aDiskWithContent() throws VdpaException {
        factories.add(models, null);
        factories.add(from, null);
        factories.add(to, null);
        device = sim.devAdd(new AddRequest("disk0", Map.of("backend", "from", "path", "/a")));
        old = from.last();
        new Random(3).nextBytes(written);
        Arrays.fill(written, 8 * Dirt.PIECE, 30 * Dirt.PIECE, (byte) 0);
        System.arraycopy(written, 0, old.content, 0, written.length);
    }

    @AfterEach
    void end() {
        writing = false;
        writers.shutdownNow();
        sim.close();
        callbacks.shutdown();
    }

    private void copy(CopyWatch watch) throws VdpaException {
        ((SwappableBackend) device).swapBackend(new SwapRequest(
                "to", Map.of("path", "/to/" + to.opened.size()), deadline, false, false, Optional.of(watch)));
    }

    private VdpaException refused(CopyWatch watch) {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> copy(watch));
        assertThat(refusal).as("refusal").isNotNull();
        return refusal;
    }

    /** As a driver does: a request at a time of each queue, to whatever the model has now. */
    private void write(int writer, long seed) throws InterruptedException {
        Random random = new Random(seed);
        byte[] data = new byte[BlockInfo.SECTOR];
        SegmentPayload payload = new SegmentPayload(Arena.ofAuto().allocate(BlockInfo.SECTOR));
        CopyRequest request = new CopyRequest(payload);
        Lock inFlight = engine.path.traffic.readLock();
        while (writing) {
            int sector = random.nextInt(SECTORS / WRITERS) * WRITERS + writer;
            boolean zeroes = random.nextInt(4) == 0;
            Arrays.fill(data, (byte) (zeroes ? 0 : random.nextInt()));
            payload.limit(data.length).position(0);
            payload.copyFrom(MemorySegment.ofArray(data), 0, data.length);
            inFlight.lock();
            try {
                FakeModels.Model model = models.last();
                BlockBackend disk = model.standIn != null ? model.standIn : (BlockBackend) model.backend;
                System.arraycopy(data, 0, written, sector * data.length, data.length);
                boolean done = request.submit(disk, zeroes ? BlockOperation.WRITE_ZEROES : BlockOperation.WRITE,
                        (long) sector * data.length, data.length, TimeUnit.SECONDS.toNanos(10));
                assertThat(done).as("a driver notices nothing").isTrue();
            } finally {
                inFlight.unlock();
            }
            TimeUnit.MICROSECONDS.sleep(50);
        }
    }

    private List<Future<?>> writeALot(long seed) {
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            int writer = i;
            all.add(writers.submit(() -> {
                write(writer, seed + writer);
                return null;
            }));
        }
        return all;
    }

    private void stopWriting(List<Future<?>> all) throws Exception {
        writing = false;
        for (Future<?> writer : all) {
            writer.get(30, TimeUnit.SECONDS);
        }
        writing = true;
    }

    private void assertOldGoesOn() {
        assertThat(models.last().standIn).as("what watches the disk").isNull();
        assertThat((Object) models.last().backend).isSameAs(old);
        assertThat(old.closed).isFalse();
        assertThat(to.last().revoked).isTrue();
        assertThat(device.health().ok()).isTrue();
        assertThat(device.details()).containsEntry("backend", "from").doesNotContainKeys("swaps", "copied");
    }

    @Test
    void what_is_written_meanwhile_is_on_the_new_disk_and_durable_when_that_has_its_first_request() throws Exception {
        for (int round = 0; round < 5; round++) {
            FakeDisks.Disk before = (FakeDisks.Disk) models.last().backend;
            AtomicInteger unflushed = new AtomicInteger(-1);
            models.last().duringAttach = () -> unflushed.set(to.last().unflushed.get());
            List<Future<?>> all = writeALot(round * 10L);
            copy(GOES_ON);
            int requests = before.requests.get();
            assertThat(unflushed).as("changes that are not durable at the exchange").hasValue(0);
            stopWriting(all);
            assertThat(Arrays.mismatch(to.last().content, written)).as("round " + round + ": first difference").isEqualTo(-1);
            assertThat(before.requests).as("requests to the old disk after the exchange").hasValue(requests);
            assertThat(models.last().standIn).isNull();
        }
    }

    @Test
    void a_write_that_lands_after_its_place_was_copied_is_copied_again() throws Exception {
        long place = 39L * Dirt.PIECE;
        CountDownLatch underWay = new CountDownLatch(1);
        CountDownLatch copied = new CountDownLatch(1);
        old.fate = request -> {
            if (request.operation() == BlockOperation.WRITE) {
                underWay.countDown();
                await(copied);
            }
            return BlockStatus.OK;
        };
        List<Future<Boolean>> write = new ArrayList<>();
        copy((done, left) -> {
            if (write.isEmpty()) {
                to.last().fate = request -> {
                    if (request.offset() + request.length() > place) {
                        copied.countDown();
                    }
                    return BlockStatus.OK;
                };
                write.add(writers.submit(() -> {
                    MemorySegment data = Arena.ofAuto().allocate(BlockInfo.SECTOR).fill((byte) 77);
                    engine.path.traffic.readLock().lock();
                    try {
                        return new CopyRequest(new SegmentPayload(data)).submit(models.last().standIn, BlockOperation.WRITE,
                                place, BlockInfo.SECTOR, TimeUnit.SECONDS.toNanos(30));
                    } finally {
                        engine.path.traffic.readLock().unlock();
                    }
                }));
                await(underWay);
            }
            return true;
        });
        assertThat(write.getFirst().get(30, TimeUnit.SECONDS)).isTrue();
        Arrays.fill(written, (int) place, (int) place + BlockInfo.SECTOR, (byte) 77);
        assertThat(Arrays.mismatch(to.last().content, written)).as("first difference").isEqualTo(-1);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_copy_that_is_cancelled_at_any_piece_leaves_the_old_disk_with_all_that_was_written() throws Exception {
        for (int after = 1; after <= 3; after++) {
            int last = after;
            AtomicInteger told = new AtomicInteger();
            List<Future<?>> all = writeALot(after);
            VdpaException refusal = refused((copied, left) -> {
                assertThat(device.details().get("copied")).isEqualTo(copied + " of " + (copied + left) + " bytes");
                return told.incrementAndGet() < last;
            });
            assertThat(refusal).hasMessageContaining("the copy was cancelled after ");
            stopWriting(all);
            assertThat(told).hasValue(last);
            assertOldGoesOn();
            assertThat(Arrays.mismatch(old.content, written)).isEqualTo(-1);
        }
        copy(GOES_ON);
        assertThat(Arrays.mismatch(to.last().content, written)).as("after those that were cancelled").isEqualTo(-1);
    }

    @Test
    void an_error_of_the_new_disk_ends_the_copy_and_the_driver_does_not_notice() throws Exception {
        List<Future<?>> all = writeALot(5);
        VdpaException refusal = refused((copied, left) -> {
            to.last().fate = request -> BlockStatus.IO_ERROR;
            return true;
        });
        assertThat(refusal).hasMessageContaining("the new disk cannot be ");
        stopWriting(all);
        assertOldGoesOn();
        assertThat(Arrays.mismatch(old.content, written)).isEqualTo(-1);
    }

    @Test
    void what_cannot_be_read_is_not_taken_for_copied() {
        old.fate = request -> request.operation() == BlockOperation.READ && request.offset() > 0
                ? BlockStatus.IO_ERROR
                : BlockStatus.OK;
        assertThat(refused(GOES_ON)).hasMessageContaining("the old disk cannot be read: ");
        assertOldGoesOn();
    }

    @Test
    void a_disk_that_cannot_be_written_is_refused_before_the_driver_has_to_wait() {
        VdpaException refusal = catchThrowableOfType(VdpaException.class, () -> ((SwappableBackend) device).swapBackend(
                new SwapRequest("to", Map.of("path", "/read-only"), Duration.ofMillis(250), false, false,
                        Optional.of(GOES_ON))));
        assertThat(refusal).hasMessageContaining("the new backend cannot be written");
        assertThat(engine.path.calls).noneMatch(call -> call.startsWith("exchange"));
        assertOldGoesOn();
    }

    /** And copied again: what it was copied to is as read-only for the driver as what it was copied from. */
    @Test
    void a_disk_that_the_driver_cannot_write_is_copied_to_one_that_is_opened_for_that() throws Exception {
        device = sim.devAdd(new AddRequest("disk1", Map.of("backend", "from", "path", "/read-only", "readonly", "on")));
        byte[] content = from.last().content;
        System.arraycopy(written, 0, content, 0, content.length);
        for (int i = 0; i < 2; i++) {
            copy(GOES_ON);
            assertThat(Arrays.mismatch(to.last().content, content)).as("first difference").isEqualTo(-1);
            assertThat(to.last().context.readOnly()).isFalse();
            assertThat(models.last().standIn.info().readOnly()).as("as the model has it").isTrue();
            assertThat(models.last().standIn.info().discard()).isFalse();
        }
    }

    @Test
    void a_dry_run_says_how_much_would_be_copied_and_copies_nothing() throws Exception {
        SwapReport report = ((SwappableBackend) device).swapBackend(
                new SwapRequest("to", Map.of("path", "/dry"), deadline, true, false, Optional.of(GOES_ON)));
        assertThat(report.copied()).isEqualTo(FakeDisks.CAPACITY);
        assertThat(to.last().requests).hasValue(0);
        assertOldGoesOn();
    }

    @Test
    void a_model_that_came_while_the_last_flush_was_under_way_writes_past_the_copy_and_so_ends_it() {
        AtomicInteger flushes = new AtomicInteger();
        assertThat(refused((copied, left) -> {
            to.last().fate = request -> {
                if (request.operation() == BlockOperation.FLUSH && flushes.getAndIncrement() == 0) {
                    factories.remove(models);
                    sim.partsLeft();
                    FakeModels updated = new FakeModels();
                    factories.add(updated, null);
                    sim.partsCame();
                    Eventually.that("the device goes on", () -> !updated.made.isEmpty() && device.health().ok());
                }
                return BlockStatus.OK;
            };
            return true;
        })).hasMessageContaining("its backend or model left, and came back");
        assertThat(flushes).hasValue(1);
        assertThat(old.closed).isFalse();
        assertThat(to.last().revoked).isTrue();
    }

    @Test
    void a_new_disk_that_hangs_while_the_driver_waits_is_given_up_by_the_deadline() {
        deadline = Duration.ofMillis(250);
        AtomicInteger flushes = new AtomicInteger();
        assertThat(refused((copied, left) -> {
            to.last().fate = request ->
                    request.operation() == BlockOperation.FLUSH && flushes.incrementAndGet() == 2 ? null : BlockStatus.OK;
            return true;
        })).hasMessageContaining("the new disk cannot be ");
        assertOldGoesOn();
    }

    @Test
    void a_new_disk_that_is_slow_while_the_driver_waits_is_given_up_though_it_ends_what_it_has() {
        deadline = Duration.ofMillis(250);
        AtomicInteger flushes = new AtomicInteger();
        assertThat(refused((copied, left) -> {
            to.last().fate = request -> {
                if (request.operation() == BlockOperation.FLUSH && flushes.incrementAndGet() == 2) {
                    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300);
                    while (System.nanoTime() < until) {
                        Thread.onSpinWait();
                    }
                }
                return BlockStatus.OK;
            };
            return true;
        })).hasMessageMatching("what the driver wrote last is not on the new disk after 250 ms.*");
        assertOldGoesOn();
    }
}
