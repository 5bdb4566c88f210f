package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to signal calls on a descriptor by itself, so that a call needs no {@link VqCallback} (Linux
 * {@code vdpa_callback.trigger}). The counterpart of {@link KickDescriptors}.
 */
@ConsumerType
public interface CallDescriptors {

    /**
     * Sets the descriptor that is signalled where the queue's callback would be called: eight bytes that hold 1 are
     * written to it. The device never closes it; the caller keeps it open until it was replaced or the queue was reset.
     * A reset of the device forgets it.
     *
     * @param index      queue
     * @param descriptor a Linux file descriptor of an eventfd, a pipe or a stream socket, or -1 to call the callback;
     *                   when the call returns the old one is not used any more
     * @throws VdpaException EINVAL if it cannot be signalled
     */
    void setVqCallDescriptor(int index, int descriptor) throws VdpaException;
}
