package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;

import io.busbar.core.virtio.block.VirtioBlk;
import java.util.Optional;

/** Which sets of features may be accepted (virtio 1.2, 2.2 and the rules of each device type). */
public final class FeatureRules {

    private FeatureRules() {
    }

    /**
     * Judges the set that a driver accepted. The answer depends on nothing but the arguments, so a set that was
     * accepted once is accepted again (virtio 1.2, 2.2.2).
     *
     * @param deviceId {@link VirtioIds}
     * @param offered  what the device offers
     * @param accepted what the driver accepted
     * @return empty if the device can set FEATURES_OK, else a sentence that names the features
     */
    public static Optional<String> refusal(int deviceId, long offered, long accepted) {
        long foreign = accepted & ~offered;
        if (foreign != 0) {
            return Optional.of("accepted but not offered: " + FeatureNames.names(deviceId, foreign));
        }
        if (!has(accepted, VIRTIO_F_VERSION_1)) {
            return Optional.of("VERSION_1 was not accepted: legacy drivers are not served");
        }
        return brokenDependency(deviceId, accepted);
    }

    /**
     * Looks for a feature whose dependency is missing in the same set; for what a device offers as well as for what a
     * driver accepts.
     *
     * @param deviceId {@link VirtioIds}
     * @param features the set
     * @return empty if each feature has what it needs, else a sentence that names the pair
     */
    public static Optional<String> brokenDependency(int deviceId, long features) {
        if (deviceId == VIRTIO_ID_BLOCK
                && has(features, VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE)
                && !has(features, VirtioBlk.VIRTIO_BLK_F_FLUSH)) {
            return Optional.of("CONFIG_WCE needs FLUSH");
        }
        return Optional.empty();
    }
}
