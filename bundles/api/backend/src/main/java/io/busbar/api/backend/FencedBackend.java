package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link Backend} to keep what it was given, and did not complete, from its storage: for a swap by force to another
 * opening of the same storage. Without it a write of the old one could arrive after a later one of its successor.
 */
@ConsumerType
public interface FencedBackend extends Backend {

    /**
     * Makes sure that none of its requests has an effect on the storage from the return on: its descriptor is closed and what was
     * under way has ended, or the other side has confirmed that it is disconnected. Its requests were taken away from it, and
     * nothing but {@link #close}, or this once more, follows. On a thread of its own, while queues wait; returns within a second.
     *
     * @throws BackendException if it cannot be sure: {@link BackendException.Kind#IN_USE} as long as that may change, and then it is
     *                          asked again, and nobody else has the storage until it is sure; another kind if it never will be
     */
    void fenceStorage() throws BackendException;
}
