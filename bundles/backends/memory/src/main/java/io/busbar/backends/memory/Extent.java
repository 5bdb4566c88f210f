package io.busbar.backends.memory;

import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;

/**
 * A fixed part of the disk. Has no memory, and reads as zero, until it is written for the first time; keeps its memory
 * then, so that a reader never meets one that is gone.
 */
final class Extent {

    /** Bytes of an extent. */
    static final long BYTES = 64L << 20;

    private volatile Mapping mapping;

    /** Returns its memory, or null if nothing was written. */
    MemorySegment memory() {
        Mapping now = mapping;
        return now == null ? null : now.segment();
    }

    /** Returns its memory, made at the first call; null if there is no room. */
    MemorySegment memoryToWrite() {
        MemorySegment memory = memory();
        return memory == null ? map() : memory;
    }

    private synchronized MemorySegment map() {
        try {
            if (mapping == null) {
                mapping = Mapping.anonymous(BYTES);
            }
            return mapping.segment();
        } catch (LinuxException noRoom) {
            return null;
        }
    }

    /** Gives whole pages back. */
    boolean giveBack(long offset, long length) {
        Mapping now = mapping;
        return now == null || length == 0 || now.giveBack(offset, length) == 0;
    }

    /** Lets go of the memory; nobody uses it any more. */
    synchronized void close() {
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
    }
}
