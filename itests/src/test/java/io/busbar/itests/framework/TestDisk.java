package io.busbar.itests.framework;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A virtio block driver in this process: one queue, requests of one sector and three descriptors each. */
final class TestDisk implements AutoCloseable {
    static final int SECTOR = 512;

    private static final long IOVA = 0x4000_0000L;
    private static final int QUEUE_SIZE = 128;
    private static final int DRIVER_AREA = 0x1000;
    private static final int DEVICE_AREA = 0x2000;
    private static final int REQUESTS = 0x4000;
    private static final int REQUEST_BYTES = 1024;
    private static final int DATA = 16;
    private static final int STATUS = DATA + SECTOR;
    private static final int NOT_DONE = 0x55;
    private static final int MEMORY_BYTES = REQUESTS + QUEUE_SIZE * REQUEST_BYTES;
    private static final int[] READY_STEPS = {1, 3, 11};
    private static final int DRIVER_OK = 15;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(MEMORY_BYTES, 4096);
    private final VdpaConfigOps ops;
    private final DriverRing ring;
    private int next;

    /** Resets the device and brings it up. */
    TestDisk(VdpaDevice device) throws VdpaException {
        ops = device.ops();
        ops.reset();
        device.dma().setMap(0, DriverMemory.of(List.of(new MemoryRegion(IOVA, MEMORY_BYTES, memory, true, -1, 0))));
        long features = VirtioConfig.bit(VirtioConfig.VIRTIO_F_VERSION_1);
        for (int status : READY_STEPS) {
            if (status == READY_STEPS[2]) {
                ops.setDriverFeatures(features);
            }
            ops.setStatus(status);
        }
        ops.setVqNum(0, QUEUE_SIZE);
        ops.setVqAddress(0, IOVA, IOVA + DRIVER_AREA, IOVA + DEVICE_AREA);
        ops.setVqReady(0, true);
        ops.setStatus(DRIVER_OK);
        var addresses = new RingAddresses(
                Memory.ALL, memory.address(), memory.address() + DRIVER_AREA, memory.address() + DEVICE_AREA);
        ring = Rings.plainDriver(new DriverRingConfig(addresses, QUEUE_SIZE, features));
    }

    /** Starts to write a sector full of one value; returns the request's number. */
    int startWrite(long sector, int value) {
        int request = begin(VirtioBlk.VIRTIO_BLK_T_OUT, sector);
        memory.asSlice(at(request) + DATA, SECTOR).fill((byte) value);
        submit(request, 2, 1);
        return request;
    }

    /** Starts to read a sector; returns the request's number. */
    int startRead(long sector) {
        int request = begin(VirtioBlk.VIRTIO_BLK_T_IN, sector);
        submit(request, 1, 2);
        return request;
    }

    private int begin(int type, long sector) {
        int request = next++ % QUEUE_SIZE;
        long at = at(request);
        memory.set(ValueLayout.JAVA_INT, at + BlockRequestLayout.TYPE, type);
        memory.set(ValueLayout.JAVA_LONG, at + BlockRequestLayout.SECTOR, sector);
        memory.set(ValueLayout.JAVA_BYTE, at + STATUS, (byte) NOT_DONE);
        return request;
    }

    private static long at(int request) {
        return REQUESTS + (long) request * REQUEST_BYTES;
    }

    private void submit(int request, int out, int in) {
        long iova = IOVA + at(request);
        if (ring.add(new long[] {iova, iova + DATA, iova + STATUS},
                new int[] {BlockRequestLayout.HEADER_BYTES, SECTOR, 1}, out, in, request) != 0) {
            throw new AssertionError("no room in the queue for request " + request);
        }
        ring.publish();
        if (ring.kickNeeded()) {
            ops.kickVq(0);
        }
    }

    /** Takes what the device has used; returns the number of requests that are still in flight. */
    int inFlight() {
        int token = ring.poll();
        while (token >= 0) {
            token = ring.poll();
        }
        if (token != DriverRing.EMPTY) {
            throw new AssertionError("the device broke the queue: " + token);
        }
        return ring.outstanding();
    }

    /** The status byte of a request. */
    int status(int request) {
        return memory.get(ValueLayout.JAVA_BYTE, at(request) + STATUS);
    }

    /** The first byte that a request read. */
    int firstByte(int request) {
        return Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, at(request) + DATA));
    }

    /** Returns whether nothing but its buffers was written to, of the memory that is kept for a request. */
    boolean isUntouchedAround(int request) {
        long end = at(request) + REQUEST_BYTES;
        for (long at = at(request) + STATUS + 1; at < end; at++) {
            if (memory.get(ValueLayout.JAVA_BYTE, at) != 0) {
                return false;
            }
        }
        return memory.get(ValueLayout.JAVA_INT, at(request) + BlockRequestLayout.TYPE) == VirtioBlk.VIRTIO_BLK_T_IN;
    }

    /** Resets the device; its memory is no longer used then. */
    @Override
    public void close() throws VdpaException {
        ops.reset();
        arena.close();
    }
}
