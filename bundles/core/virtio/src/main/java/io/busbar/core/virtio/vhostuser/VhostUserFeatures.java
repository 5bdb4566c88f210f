package io.busbar.core.virtio.vhostuser;

/** Bits of GET_FEATURES and SET_FEATURES that are the protocol's own and no features of the device; as bit numbers. */
public final class VhostUserFeatures {

    /** Writes to the driver's memory can be logged. */
    public static final int VHOST_F_LOG_ALL = 26;

    /** There are protocol features. Accepted, it also says that rings are enabled one by one. */
    public static final int VHOST_USER_F_PROTOCOL_FEATURES = 30;

    private VhostUserFeatures() {
    }
}
