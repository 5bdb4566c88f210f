package io.busbar.devices.net;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.net.VirtioNet.GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VLAN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MRG_RXBUF;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MTU;

import io.busbar.core.virtio.net.VirtioNet;

/**
 * What a driver has settled since the last reset. Immutable; a queue reads one object for each call.
 *
 * @param features what it accepted; 0 if it has accepted nothing yet
 * @param offloads the receive offloads that are on: feature bits
 * @param filter   which frames it wants
 * @param mac      the device's address
 * @param pairs    queue pairs that it said it uses
 * @param announce whether it is asked to announce itself
 */
record DriverState(long features, long offloads, RxFilter filter, long mac, int pairs, boolean announce) {

    /** What holds when features were accepted, or after a reset. */
    static DriverState of(long features, long mac) {
        return new DriverState(features, features & GUEST_OFFLOADS, RxFilter.EVERYTHING, mac, 1, false);
    }

    DriverState withOffloads(long next) {
        return new DriverState(features, next, filter, mac, pairs, announce);
    }

    DriverState withFilter(RxFilter next) {
        return new DriverState(features, offloads, next, mac, pairs, announce);
    }

    DriverState withMac(long next) {
        return new DriverState(features, offloads, filter, next, pairs, announce);
    }

    DriverState withPairs(int next) {
        return new DriverState(features, offloads, filter, mac, next, announce);
    }

    DriverState withAnnounce(boolean next) {
        return new DriverState(features, offloads, filter, mac, pairs, next);
    }

    /** Returns whether there is a driver that has accepted features. */
    boolean isSettled() {
        return features != 0;
    }

    boolean accepted(int feature) {
        return has(features, feature);
    }

    /** Returns whether a receive offload is on. */
    boolean offloads(int feature) {
        return has(offloads, feature);
    }

    boolean mergeable() {
        return accepted(VIRTIO_NET_F_MRG_RXBUF);
    }

    /** Returns whether the driver relies on the MTU that it was told. */
    boolean knowsMtu() {
        return accepted(VIRTIO_NET_F_MTU);
    }

    /** Returns whether frames of VLANs are to be looked at. */
    boolean filtersVlans() {
        return accepted(VIRTIO_NET_F_CTRL_VLAN);
    }

    boolean hasControlQueue() {
        return accepted(VIRTIO_NET_F_CTRL_VQ);
    }

    /**
     * Returns the control queue, or -1 if the driver has none.
     *
     * @param maxPairs pairs that the device has
     */
    int controlQueue(int maxPairs) {
        return hasControlQueue() ? VirtioNet.controlQueue(features, maxPairs) : -1;
    }
}
