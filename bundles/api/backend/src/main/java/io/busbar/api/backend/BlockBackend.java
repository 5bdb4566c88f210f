package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A disk's bytes. Implemented by backends; called by the block device model.
 *
 * <p>Requests may be completed in any order, in {@code submit} or later, from any thread, each exactly once. A flush
 * covers the writes that were completed before it was submitted (virtio 1.2, 5.2.6).
 */
@ConsumerType
public interface BlockBackend extends Backend {

    /**
     * Returns the disk's properties. Cheap; any thread. A new answer is announced by
     * {@link BackendContext#infoChanged()}; only the capacity may change while the backend is open.
     */
    BlockInfo info();

    /**
     * Takes a batch of requests. Called on the thread that owns the queue; for different queues concurrently. Must not
     * block: what can wait is handed to an I/O thread ({@link BlockRequest#onIoThread}), or is asynchronous
     * ({@link io.busbar.api.memory.Payload#startReadFrom}). The batch is valid during the call only, its requests until
     * each is completed.
     *
     * <p>Requests are checked already: inside the capacity, whole blocks, no write to a read-only disk, no operation
     * that {@link #info()} does not offer.
     *
     * @param batch at least one request
     */
    void submit(BlockBatch batch);
}
