package io.busbar.drivers.vop;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A driver that brings its own rings, of another size than the host's, with indirect tables and event indices, in memory at an
 * address that is neither the process's nor the link's.
 */
final class Driver implements AutoCloseable {

    static final int ENTRIES = 256;
    static final long IOVA = 0x7000_0000_0000L;
    static final int FEATURES_OK = VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE | VirtioConfig.VIRTIO_CONFIG_S_DRIVER
            | VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
    static final int DRIVER_OK = FEATURES_OK | VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;

    private static final int TABLE_ENTRIES = 64;
    private static final long QUEUE_BYTES = 1L << 19;
    private static final long BUFFERS = 4 << 20;
    private static final long BYTES = 64 << 20;

    final EntryOps ops;
    final DriverRing[] rings;
    final Fd[] kicks;
    final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger configChanges = new AtomicInteger();
    private final Fd file;
    private Mapping mapping;
    private long iova = IOVA;
    private long nextBuffer = BUFFERS;

    Driver(EntryOps ops, int queues) throws LinuxException {
        this.ops = ops;
        rings = new DriverRing[queues];
        kicks = new Fd[queues];
        file = MemFd.create("driver", BYTES, false);
        mapping = Mapping.map(file.number(), 0, BYTES, true);
        for (int i = 0; i < queues; i++) {
            kicks[i] = EventFd.create();
        }
    }

    /** In two regions, that follow each other. */
    DriverMemory memory() {
        long half = BYTES / 2;
        return DriverMemory.of(List.of(region(0, half), region(half, half)));
    }

    private MemoryRegion region(long offset, long bytes) {
        return new MemoryRegion(iova + offset, bytes, mapping.segment().asSlice(offset, bytes), true, file.number(), offset);
    }

    /** The same memory, elsewhere in this process and for the device. */
    void move(long to) throws LinuxException {
        mapping = Mapping.map(file.number(), 0, BYTES, true);
        iova = to;
    }

    MemorySegment segment() {
        return mapping.segment();
    }

    void negotiate(long refused) throws VdpaException {
        ops.reset();
        ops.setStatus(VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE);
        ops.setStatus(VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE | VirtioConfig.VIRTIO_CONFIG_S_DRIVER);
        ops.setDriverFeatures(ops.getDeviceFeatures() & ~refused);
        ops.setStatus(FEATURES_OK);
        ops.setConfigCallback(configChanges::incrementAndGet);
        ops.setMap(0, memory());
    }

    void setUp(int queue) throws VdpaException {
        long base = queue * QUEUE_BYTES;
        segment().asSlice(base, QUEUE_BYTES).fill((byte) 0);
        ops.setVqNum(queue, ENTRIES);
        ops.setVqAddress(queue, iova + base, iova + base + (16 << 10), iova + base + (32 << 10));
        ops.setVqCallback(queue, calls::incrementAndGet);
        ops.setVqKickDescriptor(queue, kicks[queue].number());
        long at = mapping.address() + base;
        rings[queue] = Rings.plainDriver(new DriverRingConfig(
                new RingAddresses(Memory.ALL, at, at + (16 << 10), at + (32 << 10)), ENTRIES, ops.getDriverFeatures())
                .withTables(at + (64 << 10), iova + base + (64 << 10), TABLE_ENTRIES));
    }

    /** Resets the device and starts all queues. */
    void start() throws VdpaException {
        negotiate(0);
        for (int i = 0; i < rings.length; i++) {
            setUp(i);
            ops.setVqReady(i, true);
        }
        ops.setStatus(DRIVER_OK);
    }

    // Requests

    /** Takes memory for a buffer; returns its offset. */
    long buffer(int bytes) {
        long at = nextBuffer;
        nextBuffer += bytes;
        return at;
    }

    void reuseBuffers() {
        nextBuffer = BUFFERS;
    }

    long iova(long offset) {
        return iova + offset;
    }

    /** Makes a chain available. */
    int add(int queue, long[] offsets, int[] lengths, int out, int in, int token) {
        long[] addresses = new long[offsets.length];
        for (int i = 0; i < offsets.length; i++) {
            addresses[i] = iova + offsets[i];
        }
        return rings[queue].add(addresses, lengths, out, in, token);
    }

    void publish(int queue) {
        rings[queue].publish();
        if (rings[queue].kickNeeded()) {
            EventFd.signal(kicks[queue].number());
        }
    }

    /** Waits for a used chain; returns its token. */
    int await(int queue) {
        int[] token = {rings[queue].poll()};
        Eventually.eventually("a used chain of queue " + queue, () -> {
            if (token[0] == DriverRing.EMPTY) {
                rings[queue].enableCalls();
                token[0] = rings[queue].poll();
            }
            return token[0] != DriverRing.EMPTY;
        });
        if (token[0] < 0) {
            throw new AssertionError("the device broke its ring: " + token[0]);
        }
        return token[0];
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
        for (Fd kick : kicks) {
            kick.close();
        }
    }
}
