package io.busbar.core.queue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.api.device.DataPath;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A driver with memory of its own: a memory file whose addresses differ for driver, device and file. */
final class TestDriver implements AutoCloseable {

    static final long IOVA = 0x7_0000_0000L;
    static final long BYTES = 4 << 20;
    private static final long QUEUE_STRIDE = 0x10000;
    private static final long BUFFERS = 1 << 20;

    final Fd file;
    final Mapping ours;
    final Mapping theirs;
    final Fd kick;
    final Semaphore calls = new Semaphore(0);

    TestDriver() throws Exception {
        this(MemFd.create("test-driver", BYTES, true));
    }

    /** A driver whose memory is a file that is given, of {@link #BYTES}; closed with the driver. */
    TestDriver(Fd memory) throws Exception {
        file = memory;
        ours = Mapping.map(file.number(), 0, BYTES, true);
        theirs = Mapping.map(file.number(), 0, BYTES, true);
        kick = EventFd.create();
    }

    DriverMemory memory() {
        return DriverMemory.of(
                List.of(new MemoryRegion(IOVA, BYTES, theirs.segment(), true, file.number(), 0)));
    }

    /** Address of a queue's part, as the device sees it. */
    static long table(int queue) {
        return IOVA + queue * QUEUE_STRIDE;
    }

    static long driverArea(int queue) {
        return table(queue) + 0x8000;
    }

    static long deviceArea(int queue) {
        return table(queue) + 0xa000;
    }

    long host(long iova) {
        return ours.address() + iova - IOVA;
    }

    DriverRing ring(int queue, int size, long features) {
        return Rings.driver(new DriverRingConfig(
                new RingAddresses(Memory.ALL, host(table(queue)), host(driverArea(queue)), host(deviceArea(queue))),
                size,
                features));
    }

    /** Sets a queue up and makes it ready. */
    void setUp(DataPath path, int queue, int size) throws VdpaException {
        path.setVqNum(queue, size);
        path.setVqAddress(queue, table(queue), driverArea(queue), deviceArea(queue));
        path.setVqCallback(queue, calls::release);
        path.setVqKickDescriptor(queue, kick.number());
        path.setVqReady(queue, true);
    }

    void kickIfNeeded(DriverRing ring) {
        if (ring.kickNeeded()) {
            EventFd.signal(kick.number());
        }
    }

    /** Address of a buffer of 4096 bytes, as the device sees it. */
    static long buffer(int number) {
        return IOVA + BUFFERS + number * 4096L;
    }

    void put(long iova, int value) {
        ours.segment().set(JAVA_BYTE, iova - IOVA, (byte) value);
    }

    int get(long iova) {
        return ours.segment().get(JAVA_BYTE, iova - IOVA) & 0xff;
    }

    @Override
    public void close() {
        ours.close();
        theirs.close();
        file.close();
        kick.close();
    }
}
