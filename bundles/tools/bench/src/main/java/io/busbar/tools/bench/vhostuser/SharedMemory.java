package io.busbar.tools.bench.vhostuser;

import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.virtio.vhostuser.Payloads;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The memory that the device reads and writes: one region of a memory file. Where it is for the device, in this process
 * and in the file are three different things, so that a back-end that takes one for another is found out.
 *
 * <p>Room is handed out front to back and never taken back.
 */
public final class SharedMemory implements AutoCloseable {

    /** Where the region begins for the device. */
    static final long GUEST_BASE = 0x4000_0000L;

    /** Where the region begins in the file. */
    static final long FILE_OFFSET = 0x1_0000L;

    private final Fd file;
    private final Mapping mapping;
    private long used;

    private SharedMemory(Fd file, Mapping mapping) {
        this.file = file;
        this.mapping = mapping;
    }

    static SharedMemory create(long bytes) throws LinuxException {
        Fd file = MemFd.create("busbar-front-end", FILE_OFFSET + bytes, true);
        try {
            MemFd.addSeals(file.number(), MemFd.F_SEAL_SHRINK);
            return new SharedMemory(file, Mapping.map(file.number(), FILE_OFFSET, bytes, true));
        } catch (LinuxException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Hands out zeroed memory.
     *
     * @param bytes     1 or more
     * @param alignment a power of two up to the page size
     * @return its address in this process
     * @throws IllegalStateException if there is not so much left
     */
    public long allocate(long bytes, int alignment) {
        long start = used + alignment - 1 & -alignment;
        if (bytes < 1 || bytes > mapping.length() - start) {
            throw new IllegalStateException(bytes + " bytes of shared memory: only " + (mapping.length() - start)
                    + " of " + mapping.length() + " are left");
        }
        used = start + bytes;
        return mapping.address() + start;
    }

    /**
     * Translates an address.
     *
     * @param address in this process, handed out by {@link #allocate}
     * @return the same place as the device is to be told in descriptors
     */
    public long guest(long address) {
        return address - mapping.address() + GUEST_BASE;
    }

    Fd file() {
        return file;
    }

    /** The payload of SET_MEM_TABLE: count, padding, then guest address, size, user address, file offset. */
    byte[] table() {
        return ByteBuffer.allocate(Payloads.TABLE_HEADER_BYTES + Payloads.REGION_BYTES).order(ByteOrder.nativeOrder())
                .putInt(1).putInt(0)
                .putLong(GUEST_BASE).putLong(mapping.length()).putLong(mapping.address()).putLong(FILE_OFFSET).array();
    }

    /** Unmaps: nothing may use its addresses any more. */
    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
