package io.busbar.api.vop;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Memory of the peer, accessible for the processor over the link. Values are little-endian. Offsets are from the window's
 * beginning, and checked: one that is outside is an {@link IndexOutOfBoundsException}, as it is the caller's mistake.
 *
 * <p>Each verb is counted to the window's meter: a put as a posted write, a get as a non-posted read. When the peer is gone a get
 * returns ones in all bits and a put has no effect, as on PCIe. When the peer is there and has taken this memory away a verb is an
 * {@link InternalError}.
 */
@ConsumerType
public interface LinkWindow extends AutoCloseable {

    /** Returns the length, bytes. */
    long size();

    /** Reads one byte, 0 to 255. */
    int getByte(long offset);

    /** Writes one byte. */
    void putByte(long offset, int value);

    /** Reads 16 bits, 0 to 65535. */
    int getShort(long offset);

    /** Writes 16 bits. */
    void putShort(long offset, int value);

    /** Reads 32 bits. */
    int getInt(long offset);

    /** Writes 32 bits. */
    void putInt(long offset, int value);

    /** Reads 64 bits. */
    long getLong(long offset);

    /** Writes 64 bits. */
    void putLong(long offset, long value);

    /**
     * Reads bytes.
     *
     * @param offset       of the first
     * @param target       where to
     * @param targetOffset in it
     * @param bytes        0 and up
     */
    void copyTo(long offset, MemorySegment target, long targetOffset, long bytes);

    /**
     * Writes bytes.
     *
     * @param offset       of the first
     * @param source       where from
     * @param sourceOffset in it
     * @param bytes        0 and up
     */
    void copyFrom(long offset, MemorySegment source, long sourceOffset, long bytes);

    /**
     * Returns the memory itself, for a ring's engine: what that does is not counted, its user tells the {@link LinkMeter}. It is
     * valid until the window is closed, by its user, after whoever works in it has stopped; if the peer takes its memory away
     * before, an access is an {@link InternalError}.
     */
    MemorySegment segment();

    /** Ends the window. */
    @Override
    void close();
}
