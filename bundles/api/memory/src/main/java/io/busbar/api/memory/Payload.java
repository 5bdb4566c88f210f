package io.busbar.api.memory;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A cursor over one direction of one descriptor chain: its device-readable or its device-writable buffers, as one
 * stream of bytes (virtio 1.2, 2.6.4: the framing of a message into descriptors means nothing).
 *
 * <p>Every verb works at {@link #position()}, never passes {@link #limit()}, and advances the position by what it did.
 * A verb returns the number of bytes done, 0 and up, or a negated errno and then did nothing that may be relied upon;
 * {@code -EFAULT} (-14) says that the driver's memory is no longer there. Verbs never throw for what the driver did.
 *
 * <p>Threads: one at a time. A payload may go to another thread with its request and stays valid until the request is
 * completed or its generation is fenced; after that each verb throws {@link IllegalStateException} in its caller.
 *
 * <p>No verb hands out an address: bounds, counting and revocation have this one place.
 */
@ProviderType
public interface Payload {

    /** Returned by {@link #tryReadFrom} when the data is not at hand and reading it would wait for a device. */
    long WOULD_BLOCK = -11;

    /** Returns all bytes of this direction of the chain; 0 to 2<sup>32</sup>. */
    long size();

    /** Returns the offset of the next byte, 0 to {@link #limit()}. */
    long position();

    /**
     * Moves the cursor.
     *
     * @param position 0 to {@link #limit()}
     * @return this
     * @throws IllegalArgumentException outside that range
     */
    Payload position(long position);

    /** Returns the offset that no verb passes, 0 to {@link #size()}. */
    long limit();

    /**
     * Sets the limit; a position beyond it moves back to it.
     *
     * @param limit 0 to {@link #size()}
     * @return this
     * @throws IllegalArgumentException outside that range
     */
    Payload limit(long limit);

    /** Returns {@code limit() - position()}. */
    long remaining();

    /**
     * Copies from the driver's memory.
     *
     * @param target where to
     * @param offset first byte in the target
     * @param length bytes wanted; fewer are copied when fewer remain
     * @return bytes copied, or a negated errno
     */
    long copyTo(MemorySegment target, long offset, long length);

    /**
     * Copies into the driver's memory.
     *
     * @param source where from
     * @param offset first byte in the source
     * @param length bytes offered; fewer are copied when fewer remain
     * @return bytes copied, or a negated errno
     */
    long copyFrom(MemorySegment source, long offset, long length);

    /**
     * Fills the driver's memory with one value.
     *
     * @param value  the byte
     * @param length bytes wanted; fewer are filled when fewer remain
     * @return bytes filled, or a negated errno
     */
    long fill(byte value, long length);

    /**
     * Reads from a file straight into the driver's memory (preadv). May wait for a disk: for an I/O thread, or for
     * files that are known to be in memory.
     *
     * @param descriptor a Linux file descriptor
     * @param fileOffset where in the file, bytes
     * @param length     bytes wanted; fewer when fewer remain here or in the file
     * @return bytes read, 0 at the end of the file, or a negated errno
     */
    long readFrom(int descriptor, long fileOffset, long length);

    /**
     * As {@link #readFrom}, but only what the page cache holds (preadv2 with RWF_NOWAIT); never waits for a disk. Where
     * a file system cannot tell, it reads as {@link #readFrom} does.
     *
     * @param descriptor a Linux file descriptor
     * @param fileOffset where in the file, bytes
     * @param length     bytes wanted
     * @return bytes read (fewer than asked for where the rest is not in memory), 0 at the end of the file,
     *         {@link #WOULD_BLOCK}, or another negated errno
     */
    long tryReadFrom(int descriptor, long fileOffset, long length);

    /**
     * Writes to a file straight from the driver's memory (pwritev).
     *
     * @param descriptor a Linux file descriptor
     * @param fileOffset where in the file, bytes
     * @param length     bytes offered; fewer when fewer remain
     * @param durable    whether the data must be on stable storage before the return (RWF_DSYNC)
     * @return bytes written, or a negated errno
     */
    long writeTo(int descriptor, long fileOffset, long length, boolean durable);

    /**
     * Reads from a stream, a terminal or a network interface straight into the driver's memory, all that remains at the most
     * (readv). The descriptor is non-blocking.
     *
     * @param descriptor a Linux file descriptor
     * @return bytes read, 0 at the end of the stream, {@link #WOULD_BLOCK}, or another negated errno
     */
    long receiveFrom(int descriptor);

    /**
     * Writes to a stream, a terminal or a network interface straight from the driver's memory, all that remains at the most
     * (writev), with bytes of the caller's in front: one call, so one frame to an interface. The descriptor is
     * non-blocking.
     *
     * @param descriptor a Linux file descriptor
     * @param prefix     native memory of the caller's that is written first; may be empty
     * @return bytes written, those of the prefix included, by which the position moves as far as they are the payload's;
     *         {@link #WOULD_BLOCK}, or another negated errno
     */
    long sendTo(int descriptor, MemorySegment prefix);

    /**
     * Starts an asynchronous read of all that remains, without waiting (io_uring). Only on the thread that owns the
     * queue, one transfer of a request at a time. The position does not move.
     *
     * @param descriptor a Linux file descriptor that stays open until the completion
     * @param fileOffset where in the file, bytes
     * @param completion told at the end, on the thread that owns the queue
     * @param attachment given to the completion; may be null
     * @return whether the transfer was started; if not, the completion is not called, and the caller takes another way
     */
    boolean startReadFrom(int descriptor, long fileOffset, IoCompletion completion, Object attachment);

    /**
     * Starts an asynchronous write of all that remains; as {@link #startReadFrom}.
     *
     * @param descriptor a Linux file descriptor that stays open until the completion
     * @param fileOffset where in the file, bytes
     * @param durable    whether the data must be on stable storage before the completion (RWF_DSYNC)
     * @param completion told at the end, on the thread that owns the queue
     * @param attachment given to the completion; may be null
     * @return whether the transfer was started
     */
    boolean startWriteTo(
            int descriptor, long fileOffset, boolean durable, IoCompletion completion, Object attachment);
}
