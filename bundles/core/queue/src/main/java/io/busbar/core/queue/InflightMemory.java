package io.busbar.core.queue;

import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.InflightRegion;
import java.util.Optional;

/** An area that records requests in flight and outlives this process, mapped: one record per queue, one after another. */
final class InflightMemory implements AutoCloseable {

    private static final int MOST_QUEUES = 1024;

    /** A record has 64-bit words, in steps of 16 bytes. */
    private static final int ALIGN = 16;

    private final Mapping mapping;
    private final int queues;
    private final int queueSize;

    private InflightMemory(Mapping mapping, int queues, int queueSize) {
        this.mapping = mapping;
        this.queues = queues;
        this.queueSize = queueSize;
    }

    /**
     * Makes a fresh area in a memory file that nobody can shorten.
     *
     * @return the area; its descriptor belongs to the caller
     */
    static InflightArea create(int queues, int queueSize) throws VdpaException {
        check(queues, queueSize);
        long bytes = queues * InflightRegion.bytes(queueSize);
        try {
            Fd file = MemFd.create("busbar-inflight", bytes, true);
            MemFd.addSeals(file.number(), MemFd.F_SEAL_GROW | MemFd.F_SEAL_SHRINK | MemFd.F_SEAL_SEAL);
            return new InflightArea(file.number(), bytes, 0, queues, queueSize);
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.ENOMEM, Reason.INTERNAL, "no memory file for requests in flight", e);
        }
    }

    /** Maps an area; the descriptor stays the caller's. */
    static InflightMemory map(InflightArea area) throws VdpaException {
        check(area.queues(), area.queueSize());
        long needed = area.queues() * InflightRegion.bytes(area.queueSize());
        if (area.size() < needed) {
            throw new VdpaException(VdpaError.EINVAL, "in-flight area of " + area.size() + " bytes for "
                    + area.queues() + " queues of " + area.queueSize() + ": expected at least " + needed);
        }
        if (area.offset() < 0 || area.offset() % ALIGN != 0) {
            throw new VdpaException(VdpaError.EINVAL, "in-flight area at offset " + area.offset()
                    + " of its file: expected a multiple of " + ALIGN);
        }
        try {
            return new InflightMemory(
                    Mapping.map(area.descriptor(), area.offset(), needed, true), area.queues(), area.queueSize());
        } catch (LinuxException e) {
            throw new VdpaException(
                    VdpaError.EINVAL, Reason.CONFIG_INVALID, "in-flight area: " + e.getMessage(), e);
        }
    }

    private static void check(int queues, int queueSize) throws VdpaException {
        if (queues < 1 || queues > MOST_QUEUES || queueSize < 1 || queueSize > 32768 || Integer.bitCount(queueSize) != 1) {
            throw new VdpaException(VdpaError.EINVAL, "in-flight area for " + queues + " queues of " + queueSize
                    + ": expected 1 to " + MOST_QUEUES + " queues of a power of two up to 32768");
        }
    }

    /** Returns the record of a queue, if the area has one for it. */
    Optional<InflightRegion> region(int index, int size) {
        if (index >= queues || size != queueSize) {
            return Optional.empty();
        }
        long address = mapping.address() + index * InflightRegion.bytes(queueSize);
        return Optional.of(new InflightRegion(Memory.ALL, address, size));
    }

    @Override
    public void close() {
        mapping.close();
    }
}
