package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link Backend} to let its successor open the same storage while it is still open itself: for a swap
 * between two openings of one image, of which only one has requests at a time.
 */
@ConsumerType
public interface YieldingBackend extends Backend {

    /**
     * Gives up what keeps others from opening the storage, such as a lock. Requests go on. On a control thread.
     *
     * @throws BackendException if it cannot; nothing has changed then
     */
    void yieldStorage() throws BackendException;

    /**
     * Takes it back, as there is no successor after all. On a control thread.
     *
     * @throws BackendException if somebody else has it now
     */
    void reclaimStorage() throws BackendException;
}
