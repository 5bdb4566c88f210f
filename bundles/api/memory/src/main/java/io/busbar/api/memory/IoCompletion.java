package io.busbar.api.memory;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told when an asynchronous transfer that {@link Payload#startReadFrom} or {@link Payload#startWriteTo} began has ended.
 *
 * <p>Called once per transfer that was started, on the thread that owns the queue. Must not block.
 */
@ConsumerType
@FunctionalInterface
public interface IoCompletion {

    /**
     * The transfer has ended.
     *
     * @param attachment what was given at the start
     * @param result     bytes transferred, which may be fewer than asked for, or a negated errno
     */
    void completed(Object attachment, long result);
}
