package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_CONSOLE;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_NET;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Feature bits as words, as iproute2's {@code vdpa} tool prints them; for block and console, which that tool does not
 * know, the header's name without {@code VIRTIO_BLK_F_} or {@code VIRTIO_CONSOLE_F_}.
 */
public final class FeatureNames {

    private static final Map<Integer, String> COMMON = Map.ofEntries(
            Map.entry(VirtioConfig.VIRTIO_F_NOTIFY_ON_EMPTY, "NOTIFY_ON_EMPTY"),
            Map.entry(VirtioConfig.VIRTIO_F_ANY_LAYOUT, "ANY_LAYOUT"),
            Map.entry(VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC, "RING_INDIRECT_DESC"),
            Map.entry(VirtioConfig.VIRTIO_RING_F_EVENT_IDX, "RING_EVENT_IDX"),
            Map.entry(VirtioConfig.VIRTIO_F_VERSION_1, "VERSION_1"),
            Map.entry(VirtioConfig.VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"),
            Map.entry(VirtioConfig.VIRTIO_F_RING_PACKED, "RING_PACKED"),
            Map.entry(VirtioConfig.VIRTIO_F_IN_ORDER, "IN_ORDER"),
            Map.entry(VirtioConfig.VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"),
            Map.entry(VirtioConfig.VIRTIO_F_SR_IOV, "SR_IOV"),
            Map.entry(VirtioConfig.VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA"));

    private static final Map<Integer, String> BLOCK = Map.ofEntries(
            Map.entry(0, "BARRIER"),
            Map.entry(1, "SIZE_MAX"),
            Map.entry(2, "SEG_MAX"),
            Map.entry(4, "GEOMETRY"),
            Map.entry(5, "RO"),
            Map.entry(6, "BLK_SIZE"),
            Map.entry(7, "SCSI"),
            Map.entry(9, "FLUSH"),
            Map.entry(10, "TOPOLOGY"),
            Map.entry(11, "CONFIG_WCE"),
            Map.entry(12, "MQ"),
            Map.entry(13, "DISCARD"),
            Map.entry(14, "WRITE_ZEROES"),
            Map.entry(15, "LIFETIME"),
            Map.entry(16, "SECURE_ERASE"),
            Map.entry(17, "ZONED"));

    private static final Map<Integer, String> NET = Map.ofEntries(
            Map.entry(0, "CSUM"),
            Map.entry(1, "GUEST_CSUM"),
            Map.entry(2, "CTRL_GUEST_OFFLOADS"),
            Map.entry(3, "MTU"),
            Map.entry(5, "MAC"),
            Map.entry(7, "GUEST_TSO4"),
            Map.entry(8, "GUEST_TSO6"),
            Map.entry(9, "GUEST_ECN"),
            Map.entry(10, "GUEST_UFO"),
            Map.entry(11, "HOST_TSO4"),
            Map.entry(12, "HOST_TSO6"),
            Map.entry(13, "HOST_ECN"),
            Map.entry(14, "HOST_UFO"),
            Map.entry(15, "MRG_RXBUF"),
            Map.entry(16, "STATUS"),
            Map.entry(17, "CTRL_VQ"),
            Map.entry(18, "CTRL_RX"),
            Map.entry(19, "CTRL_VLAN"),
            Map.entry(20, "CTRL_RX_EXTRA"),
            Map.entry(21, "GUEST_ANNOUNCE"),
            Map.entry(22, "MQ"),
            Map.entry(23, "CTRL_MAC_ADDR"),
            Map.entry(57, "HASH_REPORT"),
            Map.entry(60, "RSS"),
            Map.entry(61, "RSC_EXT"),
            Map.entry(62, "STANDBY"),
            Map.entry(63, "SPEED_DUPLEX"));

    private static final Map<Integer, String> CONSOLE = Map.ofEntries(
            Map.entry(0, "SIZE"),
            Map.entry(1, "MULTIPORT"),
            Map.entry(2, "EMERG_WRITE"));

    private FeatureNames() {
    }

    /**
     * Names one feature.
     *
     * @param deviceId {@link VirtioIds}
     * @param feature  bit number, 0 to 63
     * @return the word, or {@code bit_N} for a bit without a name
     */
    public static String name(int deviceId, int feature) {
        String name = COMMON.get(feature);
        if (name == null) {
            name = of(deviceId).get(feature);
        }
        return name == null ? "bit_" + feature : name;
    }

    private static Map<Integer, String> of(int deviceId) {
        return switch (deviceId) {
            case VIRTIO_ID_NET -> NET;
            case VIRTIO_ID_BLOCK -> BLOCK;
            case VIRTIO_ID_CONSOLE -> CONSOLE;
            default -> Map.of();
        };
    }

    /**
     * Names a set of features.
     *
     * @param deviceId {@link VirtioIds}
     * @param features the set
     * @return one word per bit, ascending
     */
    public static List<String> names(int deviceId, long features) {
        List<String> names = new ArrayList<>(Long.bitCount(features));
        for (long rest = features; rest != 0; rest &= rest - 1) {
            names.add(name(deviceId, Long.numberOfTrailingZeros(rest)));
        }
        return List.copyOf(names);
    }
}
