package io.busbar.busdrivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ACCESS_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.VirtioConfig.has;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.FeatureRules;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.VqConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What of a device is offered to a card: what fits an entry of a page, and what this relay can do.
 *
 * @param deviceId       virtio device id
 * @param queues         how many of the device's queues, from the first on
 * @param size           entries of each
 * @param features       that the card's driver may accept
 * @param deviceFeatures that the device offers itself
 * @param configBytes    of the configuration
 */
record Offer(int deviceId, int queues, int size, long features, long deviceFeatures, int configBytes) {

    /**
     * Bits of device types (virtio 1.2, 6: 0 to 23 and 50 on), and of the ring what this relay can do: not indirect tables, packed
     * rings, IN_ORDER, nor the reset of one queue.
     */
    private static final long POSSIBLE = bit(24) - 1 | -bit(50) | bit(VIRTIO_RING_F_EVENT_IDX) | bit(VIRTIO_F_VERSION_1);

    /** Need the control queue as well (virtio 1.2, 5.1.3.1); nothing else here knows them. */
    private static final long NET_NOTF_COAL = bit(53);
    private static final long NET_HASH_REPORT = bit(57);
    private static final long NET_RSS = bit(60);

    /** Descriptors of a block request that are no segments: its header and its status. */
    private static final int BLOCK_EXTRA = 2;

    /** Most attempts with a device whose configuration does not come to rest (virtio 1.2, 2.5.1). */
    private static final int ATTEMPTS = 100;

    /**
     * A device type that gets along with fewer queues.
     *
     * @param feature that brings the others, bit number
     * @param dropped features that go with them
     * @param queues  that are left
     */
    private record Fewer(int feature, long dropped, int queues) {}

    /**
     * Looks at a device.
     *
     * @param device which is bound by nobody else
     * @throws VdpaException if it does not fit an entry
     */
    static Offer of(VdpaDevice device) throws VdpaException {
        VdpaConfigOps ops = device.ops();
        long own = ops.getDeviceFeatures();
        if (!has(own, VIRTIO_F_VERSION_1)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, Reason.FEATURES_MISMATCH,
                    device.name() + " does not offer VERSION_1: legacy devices are not published", null);
        }
        int queues = device.vqCount();
        long features = own & POSSIBLE;
        if (queues > DeviceDesc.MAX_QUEUES) {
            Fewer fewer = fewer(device.deviceId());
            if (fewer == null || !has(features, fewer.feature)) {
                throw new VdpaException(VdpaError.EOPNOTSUPP, device.name() + " has " + queues
                        + " queues: expected up to " + DeviceDesc.MAX_QUEUES + " over VOP");
            }
            queues = fewer.queues;
            features = FeatureRules.without(device.deviceId(), features, fewer.dropped);
        }
        return new Offer(device.deviceId(), queues, Math.min(ops.getVqNumMax(), VqConfig.MAX_ENTRIES),
                features | bit(VIRTIO_F_ACCESS_PLATFORM), own, ops.getConfigSize());
    }

    private static Fewer fewer(int deviceId) {
        return switch (deviceId) {
            case VirtioIds.VIRTIO_ID_NET -> new Fewer(VirtioNet.VIRTIO_NET_F_MQ, bit(VirtioNet.VIRTIO_NET_F_CTRL_VQ)
                    | NET_NOTF_COAL | NET_HASH_REPORT | NET_RSS, 2);
            case VirtioIds.VIRTIO_ID_CONSOLE -> new Fewer(
                    VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT, bit(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT), 2);
            case VirtioIds.VIRTIO_ID_BLOCK -> new Fewer(VirtioBlk.VIRTIO_BLK_F_MQ, bit(VirtioBlk.VIRTIO_BLK_F_MQ), 1);
            default -> null;
        };
    }

    /**
     * Returns what this end accepts of the device when the card's driver has accepted something of the offer. That DMA of the
     * device is translated is this end's affair.
     *
     * @param accepted by the card's driver
     */
    long forDevice(long accepted) {
        return (accepted | bit(VIRTIO_F_ACCESS_PLATFORM)) & deviceFeatures;
    }

    /**
     * Reads the configuration as the card is to see it: requests of a disk must fit a ring.
     *
     * @param ops of the device
     */
    byte[] config(VdpaConfigOps ops) {
        byte[] bytes = new byte[configBytes];
        int before;
        int attempts = 0;
        do {
            before = ops.getGeneration();
            ops.getConfig(0, bytes);
        } while (before != ops.getGeneration() && ++attempts < ATTEMPTS);
        if (deviceId == VirtioIds.VIRTIO_ID_BLOCK && has(features, VirtioBlk.VIRTIO_BLK_F_SEG_MAX)) {
            ByteBuffer config = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            long most = Math.max(1, size - BLOCK_EXTRA);
            long own = Integer.toUnsignedLong(config.getInt(BlockConfigLayout.SEG_MAX));
            config.putInt(BlockConfigLayout.SEG_MAX, (int) Math.min(own, most));
        }
        return bytes;
    }
}
