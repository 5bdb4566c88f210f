package io.busbar.api.device;

import io.busbar.api.memory.Payload;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One descriptor chain that the driver made available, as two streams of bytes (virtio 1.2, 2.7.5). The object is used
 * again after its completion: keep no reference.
 *
 * <p>The chain was read once, checked and translated: what the driver writes to its ring afterwards changes nothing.
 */
@ProviderType
public interface Chain {

    /**
     * Returns a number that no other chain in flight of the same queue has, 0 to queue size - 1: for a model's own
     * record of each request.
     */
    int slot();

    /** Returns the size of the queue, by which a model sizes its records. */
    int queueSize();

    /** Returns the device-readable bytes; the same object for the life of the chain. */
    Payload readable();

    /** Returns the device-writable bytes; the same object for the life of the chain. */
    Payload writable();

    /**
     * Returns whether a part of the chain lay outside the driver's memory, so that the request has to fail. Its readable
     * payload then ends at the first part that is missing; its writable payload is without the parts that are missing.
     */
    boolean faulted();

    /**
     * Returns whether the last byte of {@link #writable()} is the last device-writable byte that the driver gave: where a
     * status goes. False if there is no such byte, or if it lay outside the driver's memory.
     */
    boolean lastByteReachable();

    /**
     * Hands the chain to one of the engine's I/O threads. More than once is allowed, for a chain whose parts are worked on one
     * by one: each task is done once, in any order, and tasks of one chain may run at the same time.
     *
     * @param task       done there
     * @param attachment given to the task
     */
    void onIoThread(ChainTask task, Object attachment);

    /**
     * Returns the chain to the driver. From any thread, exactly once.
     *
     * @param written bytes written to {@link #writable()} without a gap from its start, 0 to its size: the driver may
     *                look at these alone
     */
    void complete(long written);
}
