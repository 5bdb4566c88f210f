package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to stop its data path and keep all state (Linux {@code suspend}, {@code resume}). */
@ConsumerType
public interface Suspendable {

    /**
     * Stops the data path: no buffer is taken, used or signalled after the return; queue states can be read.
     *
     * @throws VdpaException ETIMEDOUT if requests in flight do not end
     */
    void suspend() throws VdpaException;

    /** Goes on; kicks that came meanwhile are not lost. */
    void resume() throws VdpaException;
}
