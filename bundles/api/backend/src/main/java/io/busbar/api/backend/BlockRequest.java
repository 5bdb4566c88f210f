package io.busbar.api.backend;

import io.busbar.api.memory.Payload;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One request to a disk. Its values stay the same until it is completed; the object is used again afterwards, so a
 * backend keeps no reference to a request that it completed.
 */
@ProviderType
public interface BlockRequest {

    /** Returns what is asked for. */
    BlockOperation operation();

    /** Returns the first byte on the disk; a multiple of the block size, 0 for a flush. */
    long offset();

    /** Returns the number of bytes; a multiple of the block size, 0 for a flush. May be 0 for a read or write. */
    long length();

    /**
     * Returns whether a write, discard or write-zeroes must be on stable storage when it is completed: the driver did
     * not ask for a write-back cache.
     */
    boolean durable();

    /** Returns, for {@link BlockOperation#WRITE_ZEROES}, whether the range may be deallocated (the UNMAP flag). */
    boolean mayUnmap();

    /**
     * Returns the data: for {@link BlockOperation#READ} to be filled, for {@link BlockOperation#WRITE} to be taken;
     * exactly {@link #length()} bytes remain at first. Empty for the other operations.
     */
    Payload payload();

    /**
     * Hands the request to one of the engine's I/O threads.
     *
     * @param task done there; completes the request
     */
    void onIoThread(BlockTask task);

    /**
     * Ends the request. From any thread, exactly once; the request must not be touched after it.
     *
     * @param status how it ended
     */
    void complete(BlockStatus status);
}
