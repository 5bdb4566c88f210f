package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_NET;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VLAN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_ECN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_UFO;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_ECN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_UFO;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MQ;

import io.busbar.core.virtio.block.VirtioBlk;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Which sets of features may be accepted (virtio 1.2, 2.2 and the rules of each device type). */
public final class FeatureRules {

    /** virtio 1.2, 5.2.5.1. */
    private static final List<Need> BLOCK =
            List.of(Need.of(VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE, VirtioBlk.VIRTIO_BLK_F_FLUSH));

    /** virtio 1.2, 5.1.3.1. */
    private static final List<Need> NET = List.of(
            Need.of(VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM),
            Need.of(VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM),
            Need.of(VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6),
            Need.of(VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_F_GUEST_CSUM),
            Need.of(VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM),
            Need.of(VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM),
            Need.of(VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6),
            Need.of(VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_CSUM),
            Need.of(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ),
            Need.of(VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ));

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
        return broken(deviceId, features, needs(deviceId));
    }

    private static List<Need> needs(int deviceId) {
        return switch (deviceId) {
            case VIRTIO_ID_BLOCK -> BLOCK;
            case VIRTIO_ID_NET -> NET;
            default -> List.of();
        };
    }

    /**
     * Takes features out of a set, and with them what makes no sense without them.
     *
     * @param deviceId {@link VirtioIds}
     * @param features the set, with no broken dependency
     * @param dropped  mask of those to take out
     * @return the rest
     */
    public static long without(int deviceId, long features, long dropped) {
        List<Need> needs = needs(deviceId);
        long rest = features & ~dropped;
        long before;
        do {
            before = rest;
            for (Need need : needs) {
                if ((rest & need.oneOf()) == 0) {
                    rest &= ~VirtioConfig.bit(need.feature());
                }
            }
        } while (rest != before);
        return rest;
    }

    private static Optional<String> broken(int deviceId, long features, List<Need> needs) {
        return needs.stream()
                .filter(need -> has(features, need.feature()) && (features & need.oneOf()) == 0)
                .findFirst()
                .map(need -> FeatureNames.name(deviceId, need.feature()) + " needs "
                        + String.join(" or ", FeatureNames.names(deviceId, need.oneOf())));
    }

    /**
     * A feature that makes no sense without another.
     *
     * @param feature bit number
     * @param oneOf   mask of those of which one has to be there
     */
    private record Need(int feature, long oneOf) {

        static Need of(int feature, int... oneOf) {
            return new Need(feature, IntStream.of(oneOf).mapToLong(VirtioConfig::bit).sum());
        }
    }
}
