package io.busbar.busdrivers.virtio.life;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The memory that a driver shares with its device: one memory file, so that a device in another process can map it, sealed
 * against shrinking, so that such a process cannot take it away. Handed out piece by piece and given back as a whole.
 *
 * <p>For one thread, apart from {@link #segment()}, which any thread may use: after {@link #close()} an access through it
 * throws {@link IllegalStateException}.
 */
public final class SharedMemory implements AutoCloseable {

    /** Not 0, and beyond 32 bits, so that an address that was cut or left out is none of ours. */
    private static final long USUAL_IOVA = 1L << 32;
    private static final int SEALS = MemFd.F_SEAL_SHRINK | MemFd.F_SEAL_GROW | MemFd.F_SEAL_SEAL;

    private final Fd file;
    private final Mapping mapping;
    private final long iova;
    private long next;

    private SharedMemory(Fd file, Mapping mapping, long iova) {
        this.file = file;
        this.mapping = mapping;
        this.iova = iova;
    }

    /**
     * Makes memory, zeroed; a page costs nothing before it is used.
     *
     * @param name  shown in /proc
     * @param bytes 1 and up
     * @param reach the addresses that the device can reach
     * @throws VdpaException ERANGE if the device cannot reach so much; ENOMEM
     */
    static SharedMemory create(String name, long bytes, IovaRange reach) throws VdpaException {
        long size = roundUp(bytes, Memory.PAGE_SIZE);
        long iova = place(size, reach);
        try {
            Fd file = MemFd.create("busbar-" + name, size, true);
            try {
                int sealed = MemFd.addSeals(file.number(), SEALS);
                if (sealed < 0) {
                    throw new LinuxException("seal the memory of " + name, sealed);
                }
                return new SharedMemory(file, Mapping.map(file.number(), 0, size, true), iova);
            } catch (LinuxException e) {
                file.close();
                throw e;
            }
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.ENOMEM, Reason.INTERNAL, e.getMessage(), e);
        }
    }

    private static long place(long size, IovaRange reach) throws VdpaException {
        long lowest = roundUp(Long.compareUnsigned(reach.first(), 1) < 0 ? 1 : reach.first(), Memory.PAGE_SIZE);
        for (long start : new long[] {USUAL_IOVA, lowest}) {
            long end = start + size - 1;
            if (Long.compareUnsigned(start, reach.first()) >= 0 && Long.compareUnsigned(end, start) > 0
                    && Long.compareUnsigned(end, reach.last()) <= 0) {
                return start;
            }
        }
        throw new VdpaException(VdpaError.ERANGE, "the device reaches 0x" + Long.toHexString(reach.first()) + " to 0x"
                + Long.toHexString(reach.last()) + ": its driver needs " + size + " bytes there");
    }

    private static long roundUp(long value, long granule) {
        return value + granule - 1 & -granule;
    }

    /** Returns all of it as the table for the device. */
    DriverMemory table() {
        return DriverMemory.of(List.of(
                new MemoryRegion(iova, mapping.length(), mapping.segment(), true, file.number(), 0)));
    }

    /**
     * Hands out a piece.
     *
     * @param bytes     its length
     * @param alignment a power of two up to a page
     * @return its offset in {@link #segment()}
     * @throws IllegalStateException if there is not so much left: what was planned was too little
     */
    public long allocate(long bytes, long alignment) {
        long offset = roundUp(next, alignment);
        if (bytes < 0 || bytes > mapping.length() - offset) {
            throw new IllegalStateException(bytes + " bytes at " + offset + ": the memory has " + mapping.length());
        }
        next = offset + bytes;
        return offset;
    }

    /** Returns all of it. */
    public MemorySegment segment() {
        return mapping.segment();
    }

    /**
     * Returns where a place is in this process.
     *
     * @param offset of the place
     */
    long address(long offset) {
        return mapping.address() + offset;
    }

    /**
     * Returns where the device finds a place.
     *
     * @param offset of the place
     */
    public long iova(long offset) {
        return iova + offset;
    }

    /** Unmaps it. No device uses it any more. */
    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
