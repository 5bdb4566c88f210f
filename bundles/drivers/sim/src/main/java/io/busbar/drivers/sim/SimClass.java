package io.busbar.drivers.sim;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.core.virtio.net.VirtioNet;
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
    private static final int NET_PAIRS = 31;
    private static final int CONSOLE_QUEUES = 64;

    private static final SimClass BLOCK = new SimClass(
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
            BLOCK_QUEUES);

    private static final SimClass NET = new SimClass(
            "sim_net",
            VirtioIds.VIRTIO_ID_NET,
            "net",
            bits(
                    VirtioNet.VIRTIO_NET_F_CSUM,
                    VirtioNet.VIRTIO_NET_F_GUEST_CSUM,
                    VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
                    VirtioNet.VIRTIO_NET_F_MTU,
                    VirtioNet.VIRTIO_NET_F_MAC,
                    VirtioNet.VIRTIO_NET_F_GUEST_TSO4,
                    VirtioNet.VIRTIO_NET_F_GUEST_TSO6,
                    VirtioNet.VIRTIO_NET_F_HOST_TSO4,
                    VirtioNet.VIRTIO_NET_F_HOST_TSO6,
                    VirtioNet.VIRTIO_NET_F_MRG_RXBUF,
                    VirtioNet.VIRTIO_NET_F_STATUS,
                    VirtioNet.VIRTIO_NET_F_CTRL_VQ,
                    VirtioNet.VIRTIO_NET_F_CTRL_RX,
                    VirtioNet.VIRTIO_NET_F_CTRL_VLAN,
                    VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA,
                    VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE,
                    VirtioNet.VIRTIO_NET_F_MQ,
                    VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR),
            2 * NET_PAIRS + 1);

    private static final SimClass CONSOLE = new SimClass(
            "sim_console",
            VirtioIds.VIRTIO_ID_CONSOLE,
            "console",
            bits(
                    VirtioConsole.VIRTIO_CONSOLE_F_SIZE,
                    VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT,
                    VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE),
            CONSOLE_QUEUES);

    /** All of them. */
    static final List<SimClass> ALL = List.of(BLOCK, NET, CONSOLE);

    private static long bits(int... features) {
        return IntStream.of(features).mapToLong(feature -> bit(feature)).reduce(0, (some, one) -> some | one);
    }
}
