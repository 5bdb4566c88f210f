package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link VdpaParentDevice} to get another backend while a driver uses it. The driver sees a pause, and
 * nothing else: what it was told of the device still holds afterwards.
 */
@ConsumerType
public interface SwappableBackend {

    /**
     * Swaps the backend: the new one is opened and checked before the old one is let go. On a control thread, not under the
     * lock of the config ops; one at a time.
     *
     * @param request what is wanted
     * @return what was done
     * @throws VdpaException why not; the old backend goes on then. EBUSY without a reason while another swap is under way; ETIMEDOUT if the
     *                       requests in flight did not end by the deadline; EAGAIN while the device has no backend
     */
    SwapReport swapBackend(SwapRequest request) throws VdpaException;
}
