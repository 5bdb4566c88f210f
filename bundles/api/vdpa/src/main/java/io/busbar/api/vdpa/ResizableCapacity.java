package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a block device to change its capacity while it is in use; the driver sees a config change. */
@ConsumerType
public interface ResizableCapacity {

    /**
     * Changes the capacity.
     *
     * @param bytes the new capacity, a multiple of 512 above 0
     * @throws VdpaException EINVAL or ENOSPC; the message names the value and what was expected
     */
    void resize(long bytes) throws VdpaException;
}
