package io.busbar.api.memory;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * One contiguous range of the driver's memory, as a device addresses it.
 *
 * @param iova       first address of the range as the driver writes it into descriptors; unsigned 64-bit
 * @param size       bytes; unsigned, more than 0, and {@code iova + size} does not pass 2<sup>64</sup>
 * @param segment    where the range is mapped in this process; native, exactly {@code size} bytes. Its scope ends when
 *                   the mapping does: a late access throws {@link IllegalStateException} in the thread that was late
 * @param writable   whether the device may write to the range
 * @param descriptor the Linux file descriptor behind the mapping, or -1; owned by whoever made the region
 * @param fileOffset offset of the range in that file, bytes
 */
public record MemoryRegion(
        long iova, long size, MemorySegment segment, boolean writable, int descriptor, long fileOffset) {

    /**
     * Checks the shape of the range.
     *
     * @throws IllegalArgumentException if the size is 0, differs from the segment's, or the range passes the end of
     *                                  the address space
     */
    public MemoryRegion {
        Objects.requireNonNull(segment, "segment");
        if (size == 0 || !segment.isNative() || segment.byteSize() != size) {
            throw new IllegalArgumentException("region of " + Long.toUnsignedString(size)
                    + " bytes over a segment of " + segment.byteSize() + ": expected the same, native, and not 0");
        }
        if (Long.compareUnsigned(iova + size - 1, iova) < 0) {
            throw new IllegalArgumentException("region at 0x" + Long.toHexString(iova) + " of 0x"
                    + Long.toHexString(size) + " bytes passes the end of the address space");
        }
    }

    /** Returns the last address of the range, unsigned. */
    public long lastIova() {
        return iova + size - 1;
    }
}
