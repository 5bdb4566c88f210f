package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a block device to change its capacity while it is in use; the driver sees a config change. The bus takes
 * note of it in the word {@code size}, if the device was added with that: with it the device is added again.
 */
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
