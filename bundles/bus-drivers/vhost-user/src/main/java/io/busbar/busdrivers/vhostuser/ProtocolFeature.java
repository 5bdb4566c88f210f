package io.busbar.busdrivers.vhostuser;

import java.util.Set;

/** Protocol features that this back-end can have (vhost-user, Protocol features); others are not offered. */
enum ProtocolFeature {
    /** Several queues, and a request for their number. */
    MQ(0),
    /** Any request can ask for an acknowledgement. */
    REPLY_ACK(3),
    /** A channel for requests of the back-end. */
    BACKEND_REQ(5),
    /** The device's configuration is read and written by requests. */
    CONFIG(9),
    /** A shared record of requests in flight. */
    INFLIGHT_SHMFD(12),
    /** A request to reset the device. */
    RESET_DEVICE(13),
    /** Memory regions come and go one by one. */
    CONFIGURE_MEM_SLOTS(15),
    /** The device status is read and written by requests. */
    STATUS(16);

    private final int bit;

    ProtocolFeature(int bit) {
        this.bit = bit;
    }

    /** Returns the feature as a mask. */
    long mask() {
        return 1L << bit;
    }

    /** Returns whether it is in a set. */
    boolean in(long features) {
        return (features & mask()) != 0;
    }

    static long masks(Set<ProtocolFeature> features) {
        return features.stream().mapToLong(ProtocolFeature::mask).reduce(0, (a, b) -> a | b);
    }
}
