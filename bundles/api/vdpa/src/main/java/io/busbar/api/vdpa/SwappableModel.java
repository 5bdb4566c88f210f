package io.busbar.api.vdpa;

import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link VdpaParentDevice} to get another device model while a driver uses it: the newest one of its type that is
 * there. The backend stays. The driver sees a pause, and nothing else.
 */
@ConsumerType
public interface SwappableModel {

    /**
     * Swaps the model: the new one is made before the old one is let go, takes over what the driver has settled with it, and is
     * refused if anything that the driver was told would not hold. On a control thread, not under the lock of the config ops; one
     * swap of a device at a time.
     *
     * @param deadline how long requests in flight may take to end, above 0
     * @param dryRun   whether all is done up to the point where the old model would be let go
     * @return what was done: the bundles that the models come from are its names
     * @throws VdpaException why not; the old model goes on then. EBUSY without a reason while another swap is under way; ETIMEDOUT if the
     *                       requests in flight did not end by the deadline; EAGAIN while the device has no backend or model
     */
    SwapReport swapModel(Duration deadline, boolean dryRun) throws VdpaException;
}
