package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/** Work on one request that may wait. Kept by the backend as a constant: handing it over allocates nothing. */
@ConsumerType
@FunctionalInterface
public interface BlockTask {

    /**
     * Does the work and completes the request, on an I/O thread.
     *
     * @param request the request that was handed over
     */
    void run(BlockRequest request);
}
