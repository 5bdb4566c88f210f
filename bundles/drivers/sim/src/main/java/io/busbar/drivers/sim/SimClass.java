package io.busbar.drivers.sim;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.VirtioBlk;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A device type that is simulated.
 *
 * @param managementDevice name of its management device
 * @param deviceId         virtio device id
 * @param type             the type as a word, for sentences
 * @param features         what models of it may offer
 * @param maxVqs           the largest number of queues
 */
record SimClass(String managementDevice, int deviceId, String type, long features, int maxVqs) {

    private static final int BLOCK_QUEUES = 64;

    /** All of them. */
    static final List<SimClass> ALL = List.of(new SimClass(
            "sim_block",
            VirtioIds.VIRTIO_ID_BLOCK,
            "block",
            bits(
                    VirtioBlk.VIRTIO_BLK_F_SIZE_MAX,
                    VirtioBlk.VIRTIO_BLK_F_SEG_MAX,
                    VirtioBlk.VIRTIO_BLK_F_RO,
                    VirtioBlk.VIRTIO_BLK_F_BLK_SIZE,
                    VirtioBlk.VIRTIO_BLK_F_FLUSH,
                    VirtioBlk.VIRTIO_BLK_F_TOPOLOGY,
                    VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE,
                    VirtioBlk.VIRTIO_BLK_F_MQ,
                    VirtioBlk.VIRTIO_BLK_F_DISCARD,
                    VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES),
            BLOCK_QUEUES));

    private static long bits(int... features) {
        return IntStream.of(features).mapToLong(feature -> bit(feature)).reduce(0, (some, one) -> some | one);
    }
}
