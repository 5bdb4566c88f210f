package io.busbar.drivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ACCESS_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ORDER_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.console.VirtioConsole;

/**
 * Features on both sides of a relay: those of the device type are the host's and the driver's matter, those of rings are between
 * the relay and each of the two.
 */
final class EntryFeatures {

    /** Bits of device types (virtio 1.2, 2.2). */
    private static final long OF_TYPES = (1L << 24) - 1 | -1L << 50;
    /** What the relay does for its driver by itself. */
    private static final long TO_DRIVER =
            bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_INDIRECT_DESC) | bit(VIRTIO_RING_F_EVENT_IDX);
    /** What the relay accepts for itself: it gives the host addresses of the link, which are no longer the driver's. */
    private static final long TO_HOST = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_F_ACCESS_PLATFORM)
            | bit(VIRTIO_F_ORDER_PLATFORM) | bit(VIRTIO_RING_F_EVENT_IDX);

    private EntryFeatures() {
    }

    /**
     * Returns what a driver is offered. A feature that is used by a write to the configuration is not, as the host is not told
     * of such writes.
     *
     * @param type    virtio device id
     * @param offered by the host
     */
    static long told(int type, long offered) {
        long written = switch (type) {
            case VirtioIds.VIRTIO_ID_BLOCK -> bit(VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE);
            case VirtioIds.VIRTIO_ID_CONSOLE -> bit(VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE);
            default -> 0;
        };
        return offered & OF_TYPES & ~written | TO_DRIVER;
    }

    /**
     * Returns what is accepted of the host's.
     *
     * @param offered  by the host
     * @param accepted by the driver
     */
    static long accepted(long offered, long accepted) {
        return offered & (accepted & OF_TYPES | TO_HOST);
    }

    /** Returns what every device offers. */
    static long always() {
        return TO_DRIVER;
    }
}
