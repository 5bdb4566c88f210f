package io.busbar.tools.bench.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.ring.SplitLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The work that is measured, the same as in {@code ring_twin.c}: a queue of 256 entries with event indices, in native
 * memory, one thread. One object has one queue and serves every chain length, so that the code is compiled for mixed
 * shapes as it is in use.
 *
 * <p>Not thread-safe; close it to free its memory.
 */
final class RingWorkload implements AutoCloseable {

    static final int MAX_CHAIN = 3;

    private static final int SIZE = 256;
    private static final int CHAINS = 64;
    private static final long FEATURES = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX);
    private static final long GUEST_BASE = 0xffff_8000_1234_0000L;
    private static final int GUEST_BYTES = 1 << 20;
    private static final int PAGE = 4096;
    private static final int[][] LENGTHS = {{4096}, {16, 4096}, {16, 4096, 1}};
    private static final int TURNS_PER_LOOK = 20;
    private static final int WARMING_PART = 10;
    private static final long FLAGS_NEXT = (long) SplitLayout.VRING_DESC_F_NEXT << 32;
    private static final long FLAGS_WRITE = (long) SplitLayout.VRING_DESC_F_WRITE << 32;

    /** What one side does in a turn; returns something that depends on it all. */
    @FunctionalInterface
    private interface Part {
        long work(int length);
    }

    private final Arena arena = Arena.ofShared();
    private final Sides sides;
    private final MemorySegment descriptors = arena.allocate(SplitLayout.descriptorTableBytes(SIZE), PAGE);
    private final MemorySegment avail = arena.allocate(PAGE, PAGE);
    private final MemorySegment used = arena.allocate(PAGE, PAGE);
    private final DeviceRing device;
    private final DriverRing driver;
    private final long[][] addresses;

    /**
     * The parts of a turn. They are called from one place: with both sides that is more kinds than the compiler takes
     * into the caller, so that each part is compiled by itself, as two programs would be, however early it is looked at.
     */
    private final Part[] turn;
    private final AtomicLong sink = new AtomicLong();
    private int availIndex;

    RingWorkload(Sides sides) {
        this.sides = sides;
        addresses = new long[sides.batch][MAX_CHAIN];
        for (int i = 0; i < sides.batch * MAX_CHAIN; i++) {
            addresses[i / MAX_CHAIN][i % MAX_CHAIN] = GUEST_BASE + (long) i * PAGE;
        }
        MemorySegment guest = arena.allocate(GUEST_BYTES, PAGE);
        RingAddresses parts =
                new RingAddresses(Memory.ALL, descriptors.address(), avail.address(), used.address());
        device = Rings.device(new DeviceRingConfig(parts, SIZE, FEATURES),
                Regions.of(List.of(new Regions.Region(GUEST_BASE, GUEST_BYTES, guest.address(), true))));
        driver = Rings.driver(new DriverRingConfig(parts, SIZE, FEATURES));
        turn = sides == Sides.DEVICE ? new Part[] {this::moveAvailIndex, this::serveChains}
                : new Part[] {this::addChains, this::serveChains, this::collectUsed};
    }

    /**
     * Works for a while, of which the first part only warms caches and predictors.
     *
     * @param length descriptors per chain, 1 to {@link #MAX_CHAIN}
     * @param nanos  CPU time to measure, at least
     * @return nanoseconds of CPU time per chain
     * @throws IllegalStateException if a ring broke
     */
    double measure(int length, long nanos) {
        if (sides == Sides.DEVICE) {
            prepare(length);
        }
        workFor(length, nanos / WARMING_PART);
        double perChain = workFor(length, nanos);
        if (device.fault() != 0 || driver.fault() != 0 || device.outstanding() != 0) {
            throw new IllegalStateException("the rings broke: " + device.fault() + ", " + driver.fault());
        }
        return perChain;
    }

    private double workFor(int length, long nanos) {
        long begin = CpuTime.nanos();
        long chains = 0;
        long end;
        do {
            turns(length, TURNS_PER_LOOK);
            chains += (long) TURNS_PER_LOOK * sides.batch;
            end = CpuTime.nanos();
        } while (end - begin < nanos);
        return (double) (end - begin) / chains;
    }

    private void turns(int length, int count) {
        long sum = 0;
        for (int done = 0; done < count; done++) {
            for (Part part : turn) {
                sum += part.work(length);
            }
        }
        sink.lazySet(sum);
    }

    /** Does a number of chains, for a count of what they allocate. */
    void work(int length, int chains) {
        if (sides == Sides.DEVICE) {
            prepare(length);
        }
        turns(length, chains / sides.batch);
    }

    private void prepare(int length) {
        int out = length > 1 ? 1 : 0;
        for (int i = 0; i < CHAINS * length; i++) {
            int at = i % length;
            long flags = (at >= out ? FLAGS_WRITE : 0) | (at + 1 < length ? FLAGS_NEXT | (long) (i + 1) << 48 : 0);
            descriptors.set(ValueLayout.JAVA_LONG, 16L * i, GUEST_BASE + (long) i * PAGE % (GUEST_BYTES - PAGE));
            descriptors.set(ValueLayout.JAVA_LONG, 16L * i + 8, LENGTHS[length - 1][at] | flags);
        }
        for (int i = 0; i < SIZE; i++) {
            avail.set(ValueLayout.JAVA_SHORT, 4 + 2L * i, (short) (i % CHAINS * length));
        }
    }

    private long moveAvailIndex(int length) {
        availIndex += sides.batch;
        VarHandle.releaseFence();
        avail.set(ValueLayout.JAVA_SHORT, 2, (short) availIndex);
        return length;
    }

    private long addChains(int length) {
        int out = length > 1 ? 1 : 0;
        int[] lengths = LENGTHS[length - 1];
        for (int i = 0; i < sides.batch; i++) {
            driver.add(addresses[i], lengths, out, length - out, i);
        }
        driver.publish();
        return driver.kickNeeded() ? 1 : 0;
    }

    private long serveChains(int length) {
        long sum = length;
        int taken = device.take(sides.batch);
        for (int i = 0; i < taken; i++) {
            Chain chain = device.taken(i);
            long written = chain.writableBytes();
            sum += written;
            device.complete(chain, written);
        }
        device.publish();
        sum += device.callNeeded() ? 1 : 0;
        return sum + (device.enableKicks() ? 1 : 0);
    }

    private long collectUsed(int length) {
        long sum = length;
        int token;
        while ((token = driver.poll()) >= 0) {
            sum += token + driver.usedLength();
        }
        return sum + (driver.enableCalls() ? 1 : 0);
    }

    @Override
    public void close() {
        arena.close();
    }
}
