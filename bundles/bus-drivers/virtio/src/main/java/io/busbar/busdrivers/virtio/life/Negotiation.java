package io.busbar.busdrivers.virtio.life;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ACCESS_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.FeatureRules;
import java.util.Optional;

/** The first half of bringing a device up: from its reset to FEATURES_OK (virtio 1.2, 3.1.1, steps 1 to 6). */
final class Negotiation {

    /** What the status is afterwards. */
    static final int SETTLED = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;

    /** What every driver here can use, whatever the type. */
    private static final long COMMON =
            bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX) | bit(VIRTIO_F_ACCESS_PLATFORM);

    private Negotiation() {
    }

    /**
     * Resets the device and settles the features.
     *
     * @param device its name
     * @param ops    of the device
     * @param wanted bits of the device type that the driver can use
     * @return the features
     * @throws VdpaException FEATURES_MISMATCH if the two cannot agree, or what an op says
     */
    static long settle(String device, VdpaConfigOps ops, long wanted) throws VdpaException {
        ops.reset();
        ops.setStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE);
        ops.setStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
        long offered = ops.getDeviceFeatures();
        long accepted = offered & (wanted | COMMON);
        Optional<String> refusal = FeatureRules.refusal(ops.getDeviceId(), offered, accepted);
        if (refusal.isPresent()) {
            throw mismatch(device + ": " + refusal.get() + " (the device offers "
                    + FeatureNames.names(ops.getDeviceId(), offered) + ")");
        }
        ops.setDriverFeatures(accepted);
        ops.setStatus(SETTLED);
        if ((ops.getStatus() & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
            throw mismatch(device + " refused the features " + FeatureNames.names(ops.getDeviceId(), accepted));
        }
        return accepted;
    }

    private static VdpaException mismatch(String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, sentence, null);
    }
}
