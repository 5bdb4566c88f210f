package io.busbar.api.driver;

import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SeekableByteChannel;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A block device, driven in this process. An OSGi service; see the package.
 *
 * <p>Offsets and lengths are in bytes, and multiples of {@link #blockSize()} except in {@link #channel()}. A transfer
 * may be of any length: long ones are several requests to the device at the same time. Requests may end in any order. A
 * write is stable after a {@link #flush()} that began when the write had ended.
 *
 * <p>Each operation is there twice. The one that returns when it has ended waits on the calling thread; an interrupt ends
 * the wait with {@link InterruptedIOException}, and then a write may or may not be done. The one with a
 * {@link Completion} returns at once and allocates nothing; the memory that it was given belongs to it until it has
 * ended, and can be accessed by any thread: not a segment of a confined arena.
 *
 * <p>A value that can never be right is an {@link IllegalArgumentException}, whichever device it is: a negative or
 * misaligned offset or length, a segment that is read-only where bytes go to it. All else ends with a
 * {@link DriverException}.
 */
@ProviderType
public interface BlockDriver extends DeviceDriver {

    /** Returns the capacity, bytes; it may change while the device is in use. */
    long capacity();

    /** Returns the logical block, bytes: the unit of every transfer; a power of two, 512 and up. */
    int blockSize();

    /** Returns the block in which the device works best, bytes; a multiple of {@link #blockSize()}. */
    int physicalBlockSize();

    /** Returns whether the device refuses writes. */
    boolean readOnly();

    /** Returns whether the device takes {@link #discard}. */
    boolean canDiscard();

    /**
     * Reads.
     *
     * @param offset of the first byte
     * @param target filled as a whole
     * @throws DriverException if not all of it could be read
     */
    void read(long offset, MemorySegment target) throws DriverException, InterruptedIOException;

    /**
     * Begins to read.
     *
     * @param offset     of the first byte
     * @param target     filled as a whole
     * @param completion told of the end
     */
    void read(long offset, MemorySegment target, Completion completion);

    /**
     * Writes.
     *
     * @param offset of the first byte
     * @param source what to write
     * @throws DriverException if not all of it could be written; then any part of it may have been
     */
    void write(long offset, MemorySegment source) throws DriverException, InterruptedIOException;

    /**
     * Begins to write.
     *
     * @param offset     of the first byte
     * @param source     what to write; not changed until the end
     * @param completion told of the end
     */
    void write(long offset, MemorySegment source, Completion completion);

    /**
     * Makes stable what was written before. A device that has nothing volatile has nothing to do.
     *
     * @throws DriverException if that failed; nothing is known about what was written since the last one then
     */
    void flush() throws DriverException, InterruptedIOException;

    /**
     * Begins to make stable what was written before.
     *
     * @param completion told of the end
     */
    void flush(Completion completion);

    /**
     * Gives a range back: what it reads as is not known until it is written again.
     *
     * @param offset of the first byte
     * @param length bytes
     * @throws DriverException UNSUPPORTED if the device does not take it
     */
    void discard(long offset, long length) throws DriverException, InterruptedIOException;

    /**
     * Begins to give a range back.
     *
     * @param offset     of the first byte
     * @param length     bytes
     * @param completion told of the end
     */
    void discard(long offset, long length, Completion completion);

    /**
     * Makes a range read as zero; where the device has no request for it, by writing.
     *
     * @param offset of the first byte
     * @param length bytes
     * @param unmap  whether the device may give the range back
     * @throws DriverException if not all of it could be done
     */
    void writeZeroes(long offset, long length, boolean unmap) throws DriverException, InterruptedIOException;

    /**
     * Begins to make a range read as zero.
     *
     * @param offset     of the first byte
     * @param length     bytes
     * @param unmap      whether the device may give the range back
     * @param completion told of the end
     */
    void writeZeroes(long offset, long length, boolean unmap, Completion completion);

    /**
     * Opens the device as a channel of bytes, at position 0: any offset, any length. Blocks of which only a part is
     * written are read, changed and written, one at a time among all channels of this device; other writers of the same
     * block must be kept away by their users. Writing ends at the device's end; {@code truncate} to less than the
     * capacity is refused, as a device has no other size. Safe for any thread; closing it does not touch the device.
     */
    SeekableByteChannel channel();
}
