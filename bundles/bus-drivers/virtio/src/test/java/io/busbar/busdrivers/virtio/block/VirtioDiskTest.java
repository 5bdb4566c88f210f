package io.busbar.busdrivers.virtio.block;

import static io.busbar.busdrivers.virtio.Driven.REQUESTS;
import static io.busbar.busdrivers.virtio.Driven.REQUEST_BYTES;
import static io.busbar.busdrivers.virtio.Driven.random;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.driver.Completion;
import io.busbar.api.driver.CompletionFuture;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.DriverException.Kind;
import io.busbar.busdrivers.virtio.Driven;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.testkit.vdpa.FakeDisk;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of a disk (virtio 1.2, 5.2.6), from the users' side. */
@Timeout(120)
class VirtioDiskTest {

    private static final int BYTES = 1 << 20;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final FakeDisk device = new FakeDisk(BYTES);
    private Driven driven;

    @BeforeEach
    void begin() throws Exception {
        driven = Driven.begin(device);
    }

    @AfterEach
    void end() {
        driven.close();
    }

    private VirtioDisk disk() {
        return driven.disk();
    }

    private void restart(FakeDisk other) throws Exception {
        driven.close();
        driven = Driven.begin(other);
    }

    private byte[] read(long offset, int length) throws Exception {
        byte[] bytes = new byte[length];
        disk().read(offset, MemorySegment.ofArray(bytes));
        return bytes;
    }

    private static DriverException failureOf(CompletionFuture future) {
        CompletionException thrown = catchThrowableOfType(
                CompletionException.class, () -> future.orTimeout(20, TimeUnit.SECONDS).join());
        return (DriverException) thrown.getCause();
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096, 4608, 65536, BYTES})
    void whatWasWrittenIsOnTheDeviceAndIsRead(int length) throws Exception {
        byte[] bytes = random(length, length);
        disk().write(0, MemorySegment.ofArray(bytes));

        assertThat(Arrays.copyOf(device.store(), length)).isEqualTo(bytes);
        assertThat(read(0, length)).isEqualTo(bytes);
    }

    @Test
    void aLongTransferIsSeveralRequestsAtATime() throws Exception {
        read(512, 2 * REQUEST_BYTES + 512);

        assertThat(device.served()).containsExactlyInAnyOrder(
                "read@512+4096", "read@4608+4096", "read@8704+512");
    }

    @Test
    void theDeviceSaysWhatItIs() {
        assertThat(disk().capacity()).isEqualTo(BYTES);
        assertThat(disk().blockSize()).isEqualTo(512);
        assertThat(disk().physicalBlockSize()).isEqualTo(512);
        assertThat(disk().readOnly()).isFalse();
        assertThat(disk().canDiscard()).isTrue();
        assertThat(disk().isUp()).isTrue();
    }

    @Test
    void dataGoesInAsManyDescriptorsAsTheDevicesSegmentsAskFor() throws Exception {
        restart(new FakeDisk(BYTES)
                .offering(FakeDisk.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_SIZE_MAX))
                .field(BlockConfigLayout.SIZE_MAX, 1000));
        byte[] bytes = random(REQUEST_BYTES, 1);
        disk().write(0, MemorySegment.ofArray(bytes));

        assertThat(read(0, REQUEST_BYTES)).isEqualTo(bytes);
        assertThat(driven.device().served()).containsExactly("write@0+4096", "read@0+4096");
    }

    @Test
    void aDeviceWithOneShortSegmentGetsShortRequests() throws Exception {
        restart(new FakeDisk(BYTES)
                .offering(FakeDisk.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_SIZE_MAX))
                .field(BlockConfigLayout.SIZE_MAX, 1500)
                .field(BlockConfigLayout.SEG_MAX, 1));
        read(0, 2048);

        assertThat(driven.device().served()).containsExactlyInAnyOrder("read@0+1024", "read@1024+1024");
    }

    @Test
    void discardAndWriteZeroesAreCutToWhatTheDeviceTakes() throws Exception {
        restart(new FakeDisk(3 * FakeDisk.MAX_RANGE));
        int length = 2 * FakeDisk.MAX_RANGE + 512;
        disk().discard(512, length);
        disk().writeZeroes(0, length, true);
        disk().writeZeroes(0, 512, false);

        assertThat(driven.device().served()).containsExactlyInAnyOrder(
                "discard@512+1048576", "discard@1049088+1048576", "discard@2097664+512",
                "zeroes@0+1048576 unmap", "zeroes@1048576+1048576 unmap", "zeroes@2097152+512 unmap", "zeroes@0+512");
    }

    @Test
    void zeroesAreWrittenWhereTheDeviceHasNoRequestForThem() throws Exception {
        restart(new FakeDisk(BYTES).offering(FakeDisk.FEATURES & ~bit(VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES)));
        disk().write(0, MemorySegment.ofArray(random(3 * REQUEST_BYTES, 1)));
        driven.device().served().clear();
        disk().writeZeroes(512, 2 * REQUEST_BYTES, false);

        assertThat(driven.device().served()).containsExactlyInAnyOrder("write@512+4096", "write@4608+4096");
        assertThat(read(512, 2 * REQUEST_BYTES)).containsOnly(0);
        assertThat(read(0, 512)).isEqualTo(Arrays.copyOf(random(3 * REQUEST_BYTES, 1), 512));
    }

    /** Virtio 1.2, 5.2.6.2: without FLUSH nothing is volatile. */
    @Test
    void aFlushGoesToTheDeviceOnlyIfItHasSomethingVolatile() throws Exception {
        disk().flush();
        assertThat(device.served()).containsExactly("flush");

        restart(new FakeDisk(BYTES).offering(FakeDisk.FEATURES & ~bit(VirtioBlk.VIRTIO_BLK_F_FLUSH)));
        disk().flush();
        assertThat(driven.device().served()).isEmpty();
    }

    @Test
    void nothingToTransferIsDoneAtOnce() throws Exception {
        disk().read(0, MemorySegment.ofArray(new byte[0]));
        CompletionFuture done = new CompletionFuture();
        disk().discard(512, 0, done);

        assertThat(done).isCompleted();
        assertThat(device.served()).isEmpty();
    }

    @Test
    void aFailureNamesDeviceRequestAndStatus() {
        device.answer(VirtioBlk.VIRTIO_BLK_T_IN, 1);
        DriverException failure = catchThrowableOfType(DriverException.class, () -> read(1024, 512));

        assertThat(failure).hasMessage("disk0: read of 512 bytes at 1024: the device failed to do it (status 1)");
        assertThat(failure.kind()).isEqualTo(Kind.DEVICE_ERROR);
        assertThat(failure.status()).isEqualTo(1);
    }

    @Test
    void aRequestThatTheDeviceDoesNotKnowIsUnsupported() {
        device.answer(VirtioBlk.VIRTIO_BLK_T_DISCARD, 2);
        DriverException failure = catchThrowableOfType(DriverException.class, () -> disk().discard(0, 512));

        assertThat(failure.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(failure).hasMessage("disk0: discard of 512 bytes at 0: the device does not support it (status 2)");
    }

    @Test
    void afterAFailureNoMoreOfTheTransferGoesToTheDeviceAndOthersGoOn() throws Exception {
        device.hold(true);
        device.answer(VirtioBlk.VIRTIO_BLK_T_OUT, 1);
        CompletionFuture write = new CompletionFuture();
        CompletionFuture read = new CompletionFuture();
        disk().write(0, MemorySegment.ofArray(new byte[BYTES]), write);
        disk().read(0, MemorySegment.ofArray(new byte[512]), read);
        device.hold(false);

        assertThat(failureOf(write).kind()).isEqualTo(Kind.DEVICE_ERROR);
        read.get(20, TimeUnit.SECONDS);
        assertThat(device.served().stream().filter(request -> request.startsWith("write")).count())
                .isLessThan(BYTES / REQUEST_BYTES);
    }

    /** Virtio 1.2, 2.7.8.2: a driver must not take for written what the used length does not cover. */
    @Test
    void aReadThatTheDeviceSaysItDidNotFillFails() {
        device.shorten(100);
        DriverException failure = catchThrowableOfType(DriverException.class, () -> read(0, 512));

        assertThat(failure).hasMessage(
                "disk0: read of 512 bytes at 0: the device says that it gave 412 bytes of 512");
    }

    @Test
    void pastTheEndIsRefusedWithoutTheDevice() {
        assertThatThrownBy(() -> read(BYTES - 512, 1024))
                .isInstanceOf(DriverException.class)
                .hasMessage("disk0: read of 1024 bytes at 1048064: the device has 1048576 bytes");
        CompletionFuture future = new CompletionFuture();
        disk().discard(Long.MAX_VALUE & -512, 512, future);
        assertThat(failureOf(future).kind()).isEqualTo(Kind.OUT_OF_RANGE);
        assertThat(device.served()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {-512, 1, 511})
    void anOffsetThatIsNoBlockIsRefused(long offset) {
        assertThatThrownBy(() -> disk().writeZeroes(offset, 512, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("disk0: write of zeroes of 512 bytes at " + offset
                        + ": expected multiples of the block size, 512, and 0 or more");
    }

    @Test
    void aReadOnlyDiskIsNotWritten() throws Exception {
        restart(new FakeDisk(BYTES).offering(FakeDisk.FEATURES | bit(VirtioBlk.VIRTIO_BLK_F_RO)));

        assertThat(disk().readOnly()).isTrue();
        assertThatThrownBy(() -> disk().write(0, MemorySegment.ofArray(new byte[512])))
                .hasMessage("disk0: write of 512 bytes at 0: the device is read-only");
        assertThatThrownBy(() -> disk().discard(0, 512)).isInstanceOf(DriverException.class);
        assertThat(driven.device().served()).isEmpty();
    }

    @Test
    void aDiskWithoutDiscardSaysSo() throws Exception {
        restart(new FakeDisk(BYTES).offering(FakeDisk.FEATURES & ~bit(VirtioBlk.VIRTIO_BLK_F_DISCARD)));

        assertThat(disk().canDiscard()).isFalse();
        assertThatThrownBy(() -> disk().discard(0, 512)).hasMessageContaining("the device has no discard");
    }

    @Test
    void memoryOfOneThreadIsGoodForOperationsThatWait() throws Exception {
        byte[] bytes = random(3 << 20, 1);
        restart(new FakeDisk(bytes.length));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
            disk().write(0, segment);
            segment.fill((byte) 0);
            disk().read(0, segment);

            assertThat(segment.mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
            assertThatThrownBy(() -> disk().read(0, segment, new CompletionFuture()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the segment belongs to one thread: expected one that any can use");
        }
    }

    @Test
    void memoryThatWasTakenAwayFailsItsOwnOperation() throws Exception {
        device.hold(true);
        CompletionFuture read = new CompletionFuture();
        try (Arena arena = Arena.ofShared()) {
            disk().read(0, arena.allocate(512), read);
        }
        device.hold(false);

        assertThat(failureOf(read).kind()).isEqualTo(Kind.MEMORY);
        assertThat(read(0, 512)).containsOnly(0);
    }

    @Test
    void readOnlyMemoryIsNotReadInto() {
        assertThatThrownBy(() -> disk().read(0, MemorySegment.ofArray(new byte[512]).asReadOnly()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void operationsWaitWhileTheDeviceHasAllItTakes() throws Exception {
        device.hold(true);
        List<CompletionFuture> reads = new ArrayList<>();
        for (int i = 0; i < 10 * REQUESTS; i++) {
            CompletionFuture read = new CompletionFuture();
            disk().read(512L * i, MemorySegment.ofArray(new byte[512]), read);
            reads.add(read);
        }
        assertThat(reads).noneMatch(CompletionFuture::isDone);
        device.hold(false);

        for (CompletionFuture read : reads) {
            read.get(20, TimeUnit.SECONDS);
        }
        assertThat(device.served()).hasSize(10 * REQUESTS).startsWith("read@0+512", "read@512+512");
    }

    @Test
    void anOperationThatWaitsCanBeInterruptedAndItsMemoryIsLeftAlone() throws Exception {
        device.hold(true);
        device.store()[0] = 1;
        byte[] target = new byte[2 * REQUESTS * REQUEST_BYTES];
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                disk().read(0, MemorySegment.ofArray(target));
            } catch (Throwable e) {
                thrown.set(e);
                flag.set(Thread.currentThread().isInterrupted());
            }
        });
        eventually("it waits", () -> reader.getState() == Thread.State.WAITING);
        reader.interrupt();
        reader.join();
        device.hold(false);

        assertThat(thrown.get()).isInstanceOf(InterruptedIOException.class);
        assertThat(flag.get()).isTrue();
        assertThat(read(0, 512)[0]).isEqualTo((byte) 1);
        assertThat(target).containsOnly(0);
    }

    @Test
    void aCompletionMayBeginButNotWait() throws Exception {
        CompletionFuture second = new CompletionFuture();
        AtomicReference<Throwable> waited = new AtomicReference<>();
        disk().flush(_ -> {
            try {
                disk().flush();
            } catch (Exception e) {
                waited.set(e);
            }
            disk().flush(second);
        });
        second.get(20, TimeUnit.SECONDS);

        assertThat(waited.get()).isInstanceOf(IllegalStateException.class)
                .hasMessage("disk0: flush inside a completion: expected an operation that does not wait");
    }

    @Test
    void aCompletionThatThrowsHarmsNobodyElse() throws Exception {
        disk().flush(_ -> {
            throw new IllegalStateException("of a test");
        });

        assertThat(read(0, 512)).containsOnly(0);
        assertThat(disk().isUp()).isTrue();
    }

    @Test
    void aNewCapacityIsSeen() {
        device.resize(BYTES / 2);
        eventually("the capacity is seen", () -> disk().capacity() == BYTES / 2);
        assertThatThrownBy(() -> read(BYTES / 2, 512)).isInstanceOf(DriverException.class);
    }

    /** How a device goes down while it has requests. */
    enum Fault {
        NEEDS_RESET, BROKEN_QUEUE
    }

    @ParameterizedTest
    @EnumSource
    void requestsThatTheDeviceHadAreLostAndThoseThatWaitedGoOn(Fault fault) throws Exception {
        device.hold(true);
        List<CompletionFuture> reads = new ArrayList<>();
        for (int i = 0; i < 2 * REQUESTS; i++) {
            CompletionFuture read = new CompletionFuture();
            disk().read(512L * i, MemorySegment.ofArray(new byte[512]), read);
            reads.add(read);
        }
        if (fault == Fault.NEEDS_RESET) {
            device.needReset();
        } else {
            device.breakQueue(0);
        }
        for (CompletionFuture lost : reads.subList(0, REQUESTS)) {
            DriverException failure = failureOf(lost);
            assertThat(failure.kind()).isEqualTo(Kind.RESET);
            assertThat(failure).hasMessageContaining(fault == Fault.NEEDS_RESET
                    ? "the device needs a reset"
                    : "the device broke a queue: the used index moved by more than what is outstanding");
        }
        assertThat(reads.subList(REQUESTS, 2 * REQUESTS)).noneMatch(CompletionFuture::isDone);

        device.hold(false);
        for (CompletionFuture held : reads.subList(REQUESTS, 2 * REQUESTS)) {
            held.get(20, TimeUnit.SECONDS);
        }
        assertThat(driven.life().isUp()).isTrue();
    }

    @Test
    void whatIsBegunWhileTheDeviceIsDownIsHeld() throws Exception {
        device.fail("status 11");
        device.needReset();
        eventually("it is down", () -> !disk().isUp() && device.takeLog().contains("status 11"));
        CompletionFuture read = new CompletionFuture();
        disk().read(0, MemorySegment.ofArray(new byte[512]), read);
        assertThat(read).isNotDone();
        eventually("it says why", () -> driven.life().health().sentence().contains("status 11 was told to fail"));

        device.recover("status 11");
        read.get(20, TimeUnit.SECONDS);
        assertThat(driven.life().health().ok()).isTrue();
    }

    @Test
    void aDeviceThatComesBackWithoutDiscardFailsTheDiscardsThatWaited() throws Exception {
        device.fail("status 11");
        device.needReset();
        eventually("it is down", () -> !disk().isUp());
        CompletionFuture discard = new CompletionFuture();
        disk().discard(0, 512, discard);
        device.offering(FakeDisk.FEATURES & ~bit(VirtioBlk.VIRTIO_BLK_F_DISCARD));
        device.recover("status 11");

        assertThat(failureOf(discard).kind()).isEqualTo(Kind.UNSUPPORTED);
    }

    @Test
    void whenTheDeviceIsLetGoEverythingFailsAndSaysWhy() {
        device.hold(true);
        List<CompletionFuture> reads = new ArrayList<>();
        for (int i = 0; i < 2 * REQUESTS; i++) {
            CompletionFuture read = new CompletionFuture();
            disk().read(0, MemorySegment.ofArray(new byte[512]), read);
            reads.add(read);
        }
        driven.life().end("the device was unbound");
        CompletionFuture later = new CompletionFuture();
        disk().flush(later);
        reads.add(later);

        for (CompletionFuture read : reads) {
            DriverException failure = failureOf(read);
            assertThat(failure.kind()).isEqualTo(Kind.GONE);
            assertThat(failure).hasMessageEndingWith(": the device was unbound");
        }
        assertThatThrownBy(() -> read(0, 512)).hasMessage("disk0: read of 512 bytes at 0: the device was unbound");
    }

    @Test
    void whatEndedBeforeTheDeviceWasLetGoIsDone() throws Exception {
        CompletionFuture blocked = new CompletionFuture();
        CompletionFuture go = new CompletionFuture();
        disk().flush(_ -> {
            blocked.complete(null);
            go.join();
        });
        blocked.get(20, TimeUnit.SECONDS);
        byte[] target = new byte[512];
        device.store()[0] = 7;
        CompletionFuture read = new CompletionFuture();
        disk().read(0, MemorySegment.ofArray(target), read);
        eventually("the device did it", () -> device.served().contains("read@0+512"));
        Thread end = Thread.ofPlatform().start(() -> driven.life().end("the device was unbound"));
        go.complete(null);
        end.join();

        assertThat(read).isCompletedWithValue(null);
        assertThat(target[0]).isEqualTo((byte) 7);
    }

    @Test
    void manyThreadsWriteReadAndVerifyAtRandom() throws Exception {
        int threads = 4;
        int area = BYTES / threads;
        List<Thread> all = new ArrayList<>();
        List<Throwable> wrong = Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < threads; t++) {
            int base = t * area;
            all.add(Thread.ofPlatform().start(() -> {
                try {
                    verifyAtRandom(base, area);
                } catch (Throwable e) {
                    wrong.add(e);
                }
            }));
        }
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(wrong).isEmpty();
    }

    /** Also where the lane or the device have not caught up: measured over whole rounds until one allocates nothing. */
    @Test
    void noOperationAllocates() throws Exception {
        restart(new FakeDisk.WithKickDescriptors(BYTES));
        MemorySegment data = MemorySegment.ofArray(new byte[2 * REQUEST_BYTES]);
        AtomicInteger left = new AtomicInteger();
        Completion count = _ -> left.decrementAndGet();
        long lane = laneId();
        eventually("a round in which nothing is allocated", () -> {
            long before = allocated(lane);
            for (int i = 0; i < 300; i++) {
                left.set(3);
                disk().write(0, data, count);
                disk().read(0, data, count);
                disk().flush(count);
                while (left.get() > 0) {
                    Thread.onSpinWait();
                }
            }
            return allocated(lane) == before;
        });
    }

    private static long laneId() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("busbar-virtio-disk0"))
                .findFirst().orElseThrow().threadId();
    }

    /** Bytes that the lane and this thread have allocated. */
    private static long allocated(long lane) {
        return THREADS.getThreadAllocatedBytes(lane)
                + THREADS.getThreadAllocatedBytes(Thread.currentThread().threadId());
    }

    private void verifyAtRandom(int base, int area) throws Exception {
        Random random = new Random(base);
        byte[] expected = new byte[area];
        for (int i = 0; i < 200; i++) {
            int from = random.nextInt(area / 512) * 512;
            int length = Math.min(area - from, (1 + random.nextInt(40)) * 512);
            if (random.nextBoolean()) {
                byte[] bytes = random(length, i);
                System.arraycopy(bytes, 0, expected, from, length);
                disk().write(base + from, MemorySegment.ofArray(bytes));
            } else {
                assertThat(read(base + from, length)).isEqualTo(Arrays.copyOfRange(expected, from, from + length));
            }
        }
    }
}
