package io.busbar.api.device;

import org.osgi.annotation.versioning.ConsumerType;

/** Work on one chain that may wait. Kept as a constant: handing it over allocates nothing. */
@ConsumerType
@FunctionalInterface
public interface ChainTask {

    /**
     * Does the work, on an I/O thread.
     *
     * @param chain      the chain
     * @param attachment what was given
     */
    void run(Chain chain, Object attachment);
}
