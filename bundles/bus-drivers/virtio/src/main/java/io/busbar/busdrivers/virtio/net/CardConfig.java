package io.busbar.busdrivers.virtio.net;

import io.busbar.busdrivers.virtio.life.DeviceConfig;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.core.virtio.net.NetConfigLayout;
import io.busbar.core.virtio.net.VirtioNet;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * What a card is (virtio 1.2, 5.1.4); what it does not state is what virtio, or an Ethernet, has by default.
 *
 * @param mac    48 bits, the first byte highest
 * @param mtu    most bytes behind a frame's header
 * @param linkUp whether the link is up
 */
record CardConfig(long mac, int mtu, boolean linkUp) {

    static final int MAC_BYTES = 6;

    private static final int USUAL_MTU = 1500;
    private static final int LEAST_MTU = 68;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;
    private static final long MULTICAST = 1L << 40;
    private static final long LOCAL = 1L << 41;

    /**
     * Reads it.
     *
     * @param offer  the device with its settled features
     * @param config as it is now
     */
    static CardConfig of(Offer offer, DeviceConfig config) {
        long mac = 0;
        for (int i = 0; i < MAC_BYTES; i++) {
            mac = mac << Byte.SIZE | config.u8(NetConfigLayout.MAC + i);
        }
        int mtu = offer.has(VirtioNet.VIRTIO_NET_F_MTU)
                ? Math.max(LEAST_MTU, config.u16(NetConfigLayout.MTU)) : USUAL_MTU;
        boolean up = !offer.has(VirtioNet.VIRTIO_NET_F_STATUS)
                || (config.u16(NetConfigLayout.STATUS) & VirtioNet.VIRTIO_NET_S_LINK_UP) != 0;
        return new CardConfig(offer.has(VirtioNet.VIRTIO_NET_F_MAC) ? mac : ownMac(offer.device()), mtu, up);
    }

    /** An address for a card that has none: locally administered, and always the same for a name. */
    private static long ownMac(String device) {
        long hash = UUID.nameUUIDFromBytes(device.getBytes(StandardCharsets.UTF_8)).getLeastSignificantBits();
        return hash & MAC_MASK & ~MULTICAST | LOCAL;
    }

    byte[] macBytes() {
        byte[] bytes = new byte[MAC_BYTES];
        ByteBuffer.wrap(ByteBuffer.allocate(Long.BYTES).putLong(mac).array(), Long.BYTES - MAC_BYTES, MAC_BYTES).get(bytes);
        return bytes;
    }
}
