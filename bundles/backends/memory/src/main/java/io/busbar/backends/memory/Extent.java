package io.busbar.backends.memory;

import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;

/**
 * A fixed part of the disk. Is not mapped, and reads as zero, until it is written for the first time; stays mapped
 * then, so that a reader never meets one that is gone.
 */
final class Extent {

    /** Bytes of an extent. */
    static final long BYTES = 64L << 20;

    private final DiskMemory disk;
    private final long offset;
    private volatile Mapping mapping;

    /**
     * Makes one.
     *
     * @param disk   where the memory is
     * @param offset first byte in it
     */
    Extent(DiskMemory disk, long offset) {
        this.disk = disk;
        this.offset = offset;
    }

    /** Returns whether all of it is zero, as nothing was ever written. */
    boolean isUnwritten() {
        return mapping == null && !disk.mayHaveBeenWritten(offset, BYTES);
    }

    /** Returns its memory, mapped at the first call; null if there is no room. */
    MemorySegment memory() {
        Mapping now = mapping;
        return now == null ? map() : now.segment();
    }

    private synchronized MemorySegment map() {
        try {
            if (mapping == null) {
                mapping = disk.map(offset, BYTES);
            }
            return mapping.segment();
        } catch (LinuxException noRoom) {
            return null;
        }
    }

    /** Gives whole pages back. */
    boolean giveBack(long from, long length) {
        return length == 0 || disk.giveBack(offset + from, length);
    }

    /** Lets go of the memory; nobody uses it any more. */
    synchronized void close() {
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
    }
}
