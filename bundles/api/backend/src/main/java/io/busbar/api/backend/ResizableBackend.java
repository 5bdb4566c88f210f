package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a {@link BlockBackend} to change its capacity while it is in use. */
@ConsumerType
public interface ResizableBackend {

    /**
     * Changes the capacity and announces it with {@link BackendContext#infoChanged()}. On a control thread, while no
     * request is in flight: those that were checked against the old capacity have ended, and those that come are checked
     * against the new one.
     *
     * @param capacity bytes, a multiple of 512, above 0
     * @throws BackendException if it cannot be changed to that; the message names the value
     */
    void resize(long capacity) throws BackendException;
}
