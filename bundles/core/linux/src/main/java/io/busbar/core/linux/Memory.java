package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory by address. Nothing here checks that an address is mapped: an access to one that is not brings the
 * JVM down, so the callers own a table of what is mapped and for how long.
 */
public final class Memory {
    /**
     * All of the address space as one segment of the global arena. Offsets are addresses; a base masked with
     * {@code 0x7fff_ffff_ffffL} lets the compiler drop the range check. Of length 0 when native access is denied.
     */
    public static final MemorySegment ALL = NativeAccess.all();

    /** Bytes of a page of this machine (mmap granularity). */
    public static final int PAGE_SIZE = pageSize();

    private Memory() {
    }

    /**
     * Zeroed native memory that lives as long as {@code arena}.
     *
     * @param bytes size, more than 0
     * @param alignment power of two, in bytes
     */
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("Size " + bytes + " bytes: expected more than 0");
        }
        return arena.allocate(bytes, alignment);
    }

    /** Zeroed native memory in whole pages, aligned to a page, that lives as long as {@code arena}. */
    public static MemorySegment allocatePages(Arena arena, long bytes) {
        return allocate(arena, roundUp(bytes, PAGE_SIZE), PAGE_SIZE);
    }

    /**
     * A bounded view of {@code bytes} bytes at {@code address} that can be used until {@code arena} is closed, then
     * throws IllegalStateException; the memory itself is not released. This is how memory is lent and taken back:
     * any number of arenas can view the same memory.
     *
     * @param address first byte; must be mapped as long as the arena is open
     * @param bytes length, 0 or more
     */
    public static MemorySegment view(long address, long bytes, Arena arena) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
    }

    /** {@code value} rounded up to a multiple of the power of two {@code granule}. */
    static long roundUp(long value, long granule) {
        return value + granule - 1 & -granule;
    }

    private static int pageSize() {
        // AT_PAGESZ of the auxiliary vector: there is no system call for it, and aarch64 has 4, 16 or 64 KiB.
        return NativeAccess.X86_64 ? 4096 : AuxiliaryVector.pageSize();
    }
}
