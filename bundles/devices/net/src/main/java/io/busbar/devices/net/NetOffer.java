package io.busbar.devices.net;

import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VLAN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MAC;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MRG_RXBUF;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MTU;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_STATUS;

import io.busbar.api.backend.NetInfo;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.net.NetConfigLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a driver is promised (virtio 1.2, 5.1.3 and 5.1.4), fixed by the first backend: later ones must keep it. Only the
 * address and the status move.
 *
 * @param features bits of the device type
 * @param pairs    number of queue pairs
 * @param mtu      the most bytes behind the Ethernet header of a frame that is not to be cut
 */
record NetOffer(long features, int pairs, int mtu) {

    private static final long ALWAYS = bit(VIRTIO_NET_F_MTU)
            | bit(VIRTIO_NET_F_MAC)
            | bit(VIRTIO_NET_F_MRG_RXBUF)
            | bit(VIRTIO_NET_F_STATUS)
            | bit(VIRTIO_NET_F_CTRL_VQ)
            | bit(VIRTIO_NET_F_CTRL_RX)
            | bit(VIRTIO_NET_F_CTRL_VLAN)
            | bit(VIRTIO_NET_F_CTRL_RX_EXTRA)
            | bit(VIRTIO_NET_F_GUEST_ANNOUNCE)
            | bit(VIRTIO_NET_F_CTRL_MAC_ADDR);

    static NetOffer of(NetOptions options, NetInfo info) throws VdpaException {
        int mtu = options.mtu().orElse(info.usualMtu());
        NetOffer offer = new NetOffer(features(options, info), options.pairs(), mtu);
        offer.requireRoom(info);
        return offer;
    }

    private static long features(NetOptions options, NetInfo info) {
        long features = ALWAYS;
        if (options.pairs() > 1) {
            features |= bit(VIRTIO_NET_F_MQ);
        }
        if (info.checksum()) {
            features |= bit(VIRTIO_NET_F_CSUM) | bit(VIRTIO_NET_F_GUEST_CSUM) | bit(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
        }
        if (info.tso()) {
            features |= bit(VIRTIO_NET_F_HOST_TSO4) | bit(VIRTIO_NET_F_HOST_TSO6)
                    | bit(VIRTIO_NET_F_GUEST_TSO4) | bit(VIRTIO_NET_F_GUEST_TSO6);
        }
        return features;
    }

    /** Checks that a later backend keeps the promise. */
    void requireKeptBy(NetInfo info) throws VdpaException {
        if (!info.checksum() && has(features, VIRTIO_NET_F_CSUM)) {
            throw refused("the backend fills in no checksums, but the driver was told that the device does");
        }
        if (!info.tso() && has(features, VIRTIO_NET_F_HOST_TSO4)) {
            throw refused("the backend cuts no TCP segments, but the driver was told that the device does");
        }
        requireRoom(info);
    }

    private void requireRoom(NetInfo info) throws VdpaException {
        if (mtu > info.mtu()) {
            throw refused("mtu " + mtu + ": expected up to " + info.mtu() + " bytes, which the backend carries");
        }
        if (pairs > info.pairs()) {
            throw refused("max_vqp " + pairs + ": expected up to " + info.pairs() + ", which the backend serves");
        }
    }

    /** Returns the configuration space. */
    byte[] config(long mac, int status) {
        ByteBuffer config = ByteBuffer.allocate(NetConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        MacAddress.put(mac, config.array(), NetConfigLayout.MAC);
        config.putShort(NetConfigLayout.STATUS, (short) status);
        config.putShort(NetConfigLayout.MAX_VIRTQUEUE_PAIRS, (short) pairs);
        config.putShort(NetConfigLayout.MTU, (short) mtu);
        return config.array();
    }

    private static VdpaException refused(String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, sentence, null);
    }
}
