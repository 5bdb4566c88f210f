package io.busbar.tools.shell.vdpa;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.net.NetConfigLayout.BYTES;
import static io.busbar.core.virtio.net.NetConfigLayout.MAC;
import static io.busbar.core.virtio.net.NetConfigLayout.MAX_VIRTQUEUE_PAIRS;
import static io.busbar.core.virtio.net.NetConfigLayout.MTU;
import static io.busbar.core.virtio.net.NetConfigLayout.STATUS;
import static io.busbar.core.virtio.net.VirtioNet.MAC_BYTES;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MAC;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MTU;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_STATUS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_S_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_S_LINK_UP;

import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.core.virtio.net.VirtioNet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * The configuration of a network device, field by field, as the tool prints it. A field is shown if the device offers the
 * feature that makes it valid (virtio 1.2, 5.1.4); a device that does not tell of its link has one that is up.
 */
final class NetConfig {

    private static final HexFormat ADDRESS = HexFormat.ofDelimiter(":");

    private final long features;
    private final byte[] bytes = new byte[BYTES];
    private final ByteBuffer config = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

    private NetConfig(VdpaConfigOps ops) {
        ops.getConfig(0, bytes);
        features = ops.getDeviceFeatures();
    }

    static void show(VdpaConfigOps ops, Report report) {
        new NetConfig(ops).show(report);
    }

    private void show(Report report) {
        if (has(features, VIRTIO_NET_F_MAC)) {
            report.cell("mac", ADDRESS.formatHex(bytes, MAC, MAC + MAC_BYTES));
        }
        int status = has(features, VIRTIO_NET_F_STATUS) ? u16(STATUS) : VIRTIO_NET_S_LINK_UP;
        report.cellOfBlankKey("link", (status & VIRTIO_NET_S_LINK_UP) != 0 ? "up" : "down");
        report.cellOfBlankKey("link_announce", (status & VIRTIO_NET_S_ANNOUNCE) != 0);
        if (has(features, VIRTIO_NET_F_MQ)) {
            report.cell("max_vq_pairs", pairs());
        }
        if (has(features, VIRTIO_NET_F_MTU)) {
            report.cell("mtu", u16(MTU));
        }
    }

    /**
     * Returns what a queue is for, in the tool's words. A driver without a control queue leaves the last queue of the device
     * unused.
     */
    static String queueType(VdpaConfigOps ops, int queue, int queues) {
        long accepted = ops.getDriverFeatures();
        int control = has(accepted, VirtioNet.VIRTIO_NET_F_CTRL_VQ)
                ? VirtioNet.controlQueue(accepted, new NetConfig(ops).pairs())
                : queues - 1;
        if (queue == control) {
            return "control_vq";
        }
        return queue % 2 == 0 ? "rx" : "tx";
    }

    private int pairs() {
        return has(features, VIRTIO_NET_F_MQ) ? u16(MAX_VIRTQUEUE_PAIRS) : 1;
    }

    private int u16(int offset) {
        return Short.toUnsignedInt(config.getShort(offset));
    }
}
