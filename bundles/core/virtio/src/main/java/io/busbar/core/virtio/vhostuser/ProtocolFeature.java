package io.busbar.core.virtio.vhostuser;

import java.util.Set;

/** What the two ends can agree on beyond the features of the device (vhost-user, Protocol features). */
public enum ProtocolFeature {
    /** Several queues, and a request for their number. */
    MQ(0),
    /** The dirty log is a file. */
    LOG_SHMFD(1),
    /** The back-end announces a migrated network device. */
    RARP(2),
    /** Any request can ask for an acknowledgement. */
    REPLY_ACK(3),
    /** The front-end tells the MTU. */
    MTU(4),
    /** A channel for requests of the back-end. */
    BACKEND_REQ(5),
    /** Byte order of legacy rings. */
    CROSS_ENDIAN(6),
    /** Crypto sessions. */
    CRYPTO_SESSION(7),
    /** Post-copy migration. */
    PAGEFAULT(8),
    /** The device's configuration is read and written by requests. */
    CONFIG(9),
    /** Requests of the back-end may carry descriptors. */
    BACKEND_SEND_FD(10),
    /** Doorbells that the front-end maps. */
    HOST_NOTIFIER(11),
    /** A shared record of requests in flight. */
    INFLIGHT_SHMFD(12),
    /** A request to reset the device. */
    RESET_DEVICE(13),
    /** Kicks and calls are messages. */
    INBAND_NOTIFICATIONS(14),
    /** Memory regions come and go one by one. */
    CONFIGURE_MEM_SLOTS(15),
    /** The device status is read and written by requests. */
    STATUS(16);

    private final int bit;

    ProtocolFeature(int bit) {
        this.bit = bit;
    }

    /** Returns the feature as a mask. */
    public long mask() {
        return 1L << bit;
    }

    /** Returns whether it is in a set. */
    public boolean in(long features) {
        return (features & mask()) != 0;
    }

    /** Returns a set as a mask. */
    public static long masks(Set<ProtocolFeature> features) {
        return features.stream().mapToLong(ProtocolFeature::mask).reduce(0, (a, b) -> a | b);
    }
}
