package io.busbar.core.virtio.vhostuser;

/** The requests of a back-end on its own channel, with their numbers (vhost-user, Back-end message types). */
public enum BackEndRequest {
    /** An address could not be translated. */
    IOTLB_MSG(1),
    /** The configuration, or the device status, changed. */
    CONFIG_CHANGE_MSG(2),
    /** Where a doorbell is mapped. */
    VRING_HOST_NOTIFIER_MSG(3),
    /** A call as a message. */
    VRING_CALL(4),
    /** An error of a ring as a message. */
    VRING_ERR(5);

    private final int id;

    BackEndRequest(int id) {
        this.id = id;
    }

    /** Returns the number in the header of a message. */
    public int id() {
        return id;
    }
}
