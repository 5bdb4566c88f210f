package io.busbar.drivers.sim;

import io.busbar.api.device.DataPath;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.QueueEngine;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.ring.SplitLayout;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * One queue on a data path of its own, whose driver is the thread that has it: a model can work on it that no other driver waits for.
 *
 * <pre>
 *  descriptor table | driver area | device area | indirect tables | bytes to read | room to write
 * </pre>
 */
final class ScratchQueue {

    private static final int SIZE = 256;
    private static final int PART = 8192;

    /** Chains of more buffers are direct, also where the driver may use tables. */
    private static final int TABLE_ENTRIES = 4;

    /** Into so many buffers each half of a chain is cut. */
    private static final int[] CUTS = {1, 2, 3};

    private static final long IOVA = 0x4000_0000L;
    private static final long LOOK_NANOS = 20_000;

    private final DataPath path;
    private final DeviceModel model;
    private final int queue;
    private final Mapping memory;
    private final long bytes;
    private final DriverRing ring;
    /** Why it goes on no more; empty while it does. */
    private volatile String broken = "";

    /**
     * What a driver asks for, in any cut.
     *
     * @param readable what the device reads; up to 8192 bytes
     * @param writable how much it may write, bytes; up to 8192
     */
    record Request(byte[] readable, int writable) {}

    /**
     * Makes one that runs.
     *
     * @param engine   runs it
     * @param device   name of the device that the model is for
     * @param model    has a backend, and is no other queue's
     * @param queue    which of its queues
     * @param features what the driver accepted
     * @throws VdpaException if there is no memory or thread for it
     */
    ScratchQueue(QueueEngine engine, String device, DeviceModel model, int queue, long features) throws VdpaException {
        this.model = model;
        this.queue = queue;
        long table = 0;
        long driverArea = round(table + SplitLayout.descriptorTableBytes(SIZE));
        long deviceArea = round(driverArea + SplitLayout.driverAreaBytes(SIZE, features));
        long tables = round(deviceArea + SplitLayout.deviceAreaBytes(SIZE, features));
        bytes = round(tables + (long) SIZE * TABLE_ENTRIES * SplitLayout.DESCRIPTOR_BYTES);
        memory = map(bytes + 2L * PART);
        try {
            ring = Rings.plainDriver(new DriverRingConfig(
                            new RingAddresses(Memory.ALL, memory.address() + table, memory.address() + driverArea,
                                    memory.address() + deviceArea),
                            SIZE, features)
                    .withTables(memory.address() + tables, IOVA + tables, TABLE_ENTRIES));
            path = engine.open(device + "-scratch", model.vqCount(), (index, sentence) -> broken = sentence);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
        try {
            path.setFeatures(features);
            path.setMemory(DriverMemory.of(List.of(new MemoryRegion(IOVA, memory.length(), memory.segment(), true, -1, 0))));
            path.attach(model);
            path.setVqNum(queue, SIZE);
            path.setVqAddress(queue, IOVA + table, IOVA + driverArea, IOVA + deviceArea);
            path.setVqReady(queue, true);
            path.run();
        } catch (VdpaException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private static Mapping map(long length) throws VdpaException {
        try {
            return Mapping.anonymous(length);
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.ENOMEM, Reason.INTERNAL, e.getMessage(), e);
        }
    }

    private static long round(long address) {
        return address + Memory.PAGE_SIZE - 1 & -(long) Memory.PAGE_SIZE;
    }

    /** Wakes the model's queue; any thread. */
    void wake(int which) {
        path.wake(which);
    }

    /**
     * Has a request done in each cut, all of them at a time.
     *
     * @param request what is asked for
     * @param end     until when it is waited for, by {@link System#nanoTime}
     * @return whether all were done by then; if not nothing more may be asked for
     * @throws VdpaException EIO if the model or its backend threw
     */
    boolean run(Request request, long end) throws VdpaException {
        MemorySegment.copy(MemorySegment.ofArray(request.readable()), 0, memory.segment(), bytes, request.readable().length);
        for (int out : CUTS) {
            for (int in : CUTS) {
                add(request, out, in);
            }
        }
        ring.publish();
        path.kick(queue);
        while (ring.outstanding() > 0) {
            while (ring.poll() >= 0) {
                // What was done does not matter.
            }
            if (ring.outstanding() > 0) {
                if (!broken.isEmpty()) {
                    throw new VdpaException(VdpaError.EIO, Reason.BACKEND_FAILED, "in a rehearsal: " + broken, null);
                }
                if (System.nanoTime() - end >= 0) {
                    return false;
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
        return true;
    }

    private void add(Request request, int out, int in) {
        int outs = pieces(request.readable().length, out);
        int ins = pieces(request.writable(), in);
        long[] addresses = new long[outs + ins];
        int[] lengths = new int[outs + ins];
        cut(IOVA + bytes, request.readable().length, addresses, lengths, 0, outs);
        cut(IOVA + bytes + PART, request.writable(), addresses, lengths, outs, ins);
        ring.add(addresses, lengths, outs, ins, 0);
    }

    private static int pieces(int length, int most) {
        return Math.min(length, most);
    }

    private static void cut(long from, int length, long[] addresses, int[] lengths, int first, int pieces) {
        long at = from;
        for (int i = 0; i < pieces; i++) {
            int piece = i == pieces - 1 ? (int) (from + length - at) : length / pieces;
            addresses[first + i] = at;
            lengths[first + i] = piece;
            at += piece;
        }
    }

    /**
     * Has what is behind the queue exchanged for itself.
     *
     * @param deadline for that
     */
    void exchange(Duration deadline) throws VdpaException {
        path.exchange(deadline, () -> model);
    }

    /** Requests that are not done keep their memory. */
    void close() {
        path.close();
        if (path.health().ok()) {
            memory.close();
        }
    }
}
