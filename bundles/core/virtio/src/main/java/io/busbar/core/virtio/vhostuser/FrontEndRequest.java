package io.busbar.core.virtio.vhostuser;

/** The requests of a front-end by their names, with their numbers (vhost-user, Front-end message types). */
public enum FrontEndRequest {
    /** What the device offers. */
    GET_FEATURES(1),
    /** What the driver accepted. */
    SET_FEATURES(2),
    /** The session begins. */
    SET_OWNER(3),
    /** Obsolete. */
    RESET_OWNER(4),
    /** The whole table of the driver's memory. */
    SET_MEM_TABLE(5),
    /** Where dirty pages are logged. */
    SET_LOG_BASE(6),
    /** Signalled when the log changed. */
    SET_LOG_FD(7),
    /** Entries of a ring. */
    SET_VRING_NUM(8),
    /** Addresses of a ring's parts, in the front-end's process. */
    SET_VRING_ADDR(9),
    /** Where a ring goes on. */
    SET_VRING_BASE(10),
    /** Stops a ring, and asks where it stands. */
    GET_VRING_BASE(11),
    /** Where kicks come from. */
    SET_VRING_KICK(12),
    /** Where calls go. */
    SET_VRING_CALL(13),
    /** Where errors of a ring go. */
    SET_VRING_ERR(14),
    /** Which protocol features the back-end has. */
    GET_PROTOCOL_FEATURES(15),
    /** Which of them are used. */
    SET_PROTOCOL_FEATURES(16),
    /** How many queues there can be; of a network device how many pairs. */
    GET_QUEUE_NUM(17),
    /** Enables or disables a ring. */
    SET_VRING_ENABLE(18),
    /** Announces a migrated network device. */
    SEND_RARP(19),
    /** The MTU of a network device. */
    NET_SET_MTU(20),
    /** The channel for requests of the back-end. */
    SET_BACKEND_REQ_FD(21),
    /** Entries of a translation table. */
    IOTLB_MSG(22),
    /** Byte order of a legacy ring. */
    SET_VRING_ENDIAN(23),
    /** Reads the configuration. */
    GET_CONFIG(24),
    /** Writes to the configuration. */
    SET_CONFIG(25),
    /** Opens a crypto session. */
    CREATE_CRYPTO_SESSION(26),
    /** Closes one. */
    CLOSE_CRYPTO_SESSION(27),
    /** Post-copy migration begins. */
    POSTCOPY_ADVISE(28),
    /** Pages are faulted in from now on. */
    POSTCOPY_LISTEN(29),
    /** Post-copy migration is over. */
    POSTCOPY_END(30),
    /** Makes a record of requests in flight. */
    GET_INFLIGHT_FD(31),
    /** Uses one. */
    SET_INFLIGHT_FD(32),
    /** A socket of a graphics device. */
    GPU_SET_SOCKET(33),
    /** Resets the device. */
    RESET_DEVICE(34),
    /** A kick as a message. */
    VRING_KICK(35),
    /** How many regions of memory there can be. */
    GET_MAX_MEM_SLOTS(36),
    /** Adds a region. */
    ADD_MEM_REG(37),
    /** Removes one. */
    REM_MEM_REG(38),
    /** Sets the device status. */
    SET_STATUS(39),
    /** Reads it. */
    GET_STATUS(40);

    private final int id;

    FrontEndRequest(int id) {
        this.id = id;
    }

    /** Returns the number in the header of a message. */
    public int id() {
        return id;
    }
}
