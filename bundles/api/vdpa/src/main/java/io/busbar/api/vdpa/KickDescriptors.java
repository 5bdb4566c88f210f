package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to wait for kicks on a descriptor by itself, so that a kick needs no call of
 * {@link VdpaConfigOps#kickVq}: what a doorbell page is to hardware (Linux {@code get_vq_notification}).
 */
@ConsumerType
public interface KickDescriptors {

    /**
     * Sets the descriptor, an eventfd, that is readable after a kick. The device reads eight bytes from it at a time
     * and never closes it; the caller keeps it open until it was replaced or the queue was reset.
     *
     * @param index      queue
     * @param descriptor a Linux file descriptor, or -1 to wait for {@link VdpaConfigOps#kickVq} alone; when the call
     *                   returns the old one is not used any more
     * @throws VdpaException EINVAL if it cannot be waited for
     */
    void setVqKickDescriptor(int index, int descriptor) throws VdpaException;
}
