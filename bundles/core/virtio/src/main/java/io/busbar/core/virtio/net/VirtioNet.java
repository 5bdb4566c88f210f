package io.busbar.core.virtio.net;

/**
 * Feature bit numbers, header values and commands of the network device (virtio 1.2, 5.1.3 to 5.1.6;
 * {@code virtio_net.h}).
 */
public final class VirtioNet {

    /** The device takes frames whose checksum is not filled in yet. */
    public static final int VIRTIO_NET_F_CSUM = 0;

    /** The driver takes frames whose checksum is not filled in yet. */
    public static final int VIRTIO_NET_F_GUEST_CSUM = 1;

    /** The driver may change its receive offloads while it runs. */
    public static final int VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2;

    /** Config {@code mtu} is valid. */
    public static final int VIRTIO_NET_F_MTU = 3;

    /** Config {@code mac} is valid. */
    public static final int VIRTIO_NET_F_MAC = 5;

    /** The driver takes TCP over IPv4 that is to be cut; needs GUEST_CSUM. */
    public static final int VIRTIO_NET_F_GUEST_TSO4 = 7;

    /** The driver takes TCP over IPv6 that is to be cut; needs GUEST_CSUM. */
    public static final int VIRTIO_NET_F_GUEST_TSO6 = 8;

    /** The driver takes TCP with ECN that is to be cut; needs GUEST_TSO4 or GUEST_TSO6. */
    public static final int VIRTIO_NET_F_GUEST_ECN = 9;

    /** The driver takes UDP that is to be fragmented; needs GUEST_CSUM. */
    public static final int VIRTIO_NET_F_GUEST_UFO = 10;

    /** The device takes TCP over IPv4 that is to be cut; needs CSUM. */
    public static final int VIRTIO_NET_F_HOST_TSO4 = 11;

    /** The device takes TCP over IPv6 that is to be cut; needs CSUM. */
    public static final int VIRTIO_NET_F_HOST_TSO6 = 12;

    /** The device takes TCP with ECN that is to be cut; needs HOST_TSO4 or HOST_TSO6. */
    public static final int VIRTIO_NET_F_HOST_ECN = 13;

    /** The device takes UDP that is to be fragmented; needs CSUM. */
    public static final int VIRTIO_NET_F_HOST_UFO = 14;

    /** A frame may fill several receive buffers. */
    public static final int VIRTIO_NET_F_MRG_RXBUF = 15;

    /** Config {@code status} is valid. */
    public static final int VIRTIO_NET_F_STATUS = 16;

    /** There is a control queue. */
    public static final int VIRTIO_NET_F_CTRL_VQ = 17;

    /** Receive modes: {@link #VIRTIO_NET_CTRL_RX_PROMISC} and {@link #VIRTIO_NET_CTRL_RX_ALLMULTI}, and the MAC table. */
    public static final int VIRTIO_NET_F_CTRL_RX = 18;

    /** The filter of VLANs. */
    public static final int VIRTIO_NET_F_CTRL_VLAN = 19;

    /** More receive modes: {@link #VIRTIO_NET_CTRL_RX_ALLUNI} to {@link #VIRTIO_NET_CTRL_RX_NOBCAST}. */
    public static final int VIRTIO_NET_F_CTRL_RX_EXTRA = 20;

    /** The device may ask the driver to announce itself. */
    public static final int VIRTIO_NET_F_GUEST_ANNOUNCE = 21;

    /** Several queue pairs; config {@code max_virtqueue_pairs} is valid. */
    public static final int VIRTIO_NET_F_MQ = 22;

    /** The MAC address is set by {@link #VIRTIO_NET_CTRL_MAC_ADDR_SET}. */
    public static final int VIRTIO_NET_F_CTRL_MAC_ADDR = 23;

    /** The features that are of no use without CTRL_VQ. */
    public static final long NEED_CTRL_VQ = 1L << VIRTIO_NET_F_CTRL_GUEST_OFFLOADS
            | 1L << VIRTIO_NET_F_CTRL_RX
            | 1L << VIRTIO_NET_F_CTRL_VLAN
            | 1L << VIRTIO_NET_F_CTRL_RX_EXTRA
            | 1L << VIRTIO_NET_F_GUEST_ANNOUNCE
            | 1L << VIRTIO_NET_F_MQ
            | 1L << VIRTIO_NET_F_CTRL_MAC_ADDR;

    /** In the configuration's status: the cable is plugged in. */
    public static final int VIRTIO_NET_S_LINK_UP = 1;

    /** In the configuration's status: the driver is to announce itself. */
    public static final int VIRTIO_NET_S_ANNOUNCE = 2;

    /** In a header: the checksum from {@code csum_start} on is not filled in yet. */
    public static final int VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;

    /** In a header: the checksums of the frame were found right. */
    public static final int VIRTIO_NET_HDR_F_DATA_VALID = 2;

    /** Not to be cut. */
    public static final int VIRTIO_NET_HDR_GSO_NONE = 0;

    /** TCP over IPv4. */
    public static final int VIRTIO_NET_HDR_GSO_TCPV4 = 1;

    /** UDP, to be fragmented. */
    public static final int VIRTIO_NET_HDR_GSO_UDP = 3;

    /** TCP over IPv6. */
    public static final int VIRTIO_NET_HDR_GSO_TCPV6 = 4;

    /** UDP, to be cut into datagrams. */
    public static final int VIRTIO_NET_HDR_GSO_UDP_L4 = 5;

    /** With one of the above: TCP has ECN set. */
    public static final int VIRTIO_NET_HDR_GSO_ECN = 0x80;

    /** Acknowledgement of a command: done. */
    public static final byte VIRTIO_NET_OK = 0;

    /** Acknowledgement of a command: refused. */
    public static final byte VIRTIO_NET_ERR = 1;

    /** Class of commands: receive modes. Data: one byte, 0 or 1. */
    public static final int VIRTIO_NET_CTRL_RX = 0;

    /** Everything is received. */
    public static final int VIRTIO_NET_CTRL_RX_PROMISC = 0;

    /** All multicast is received. */
    public static final int VIRTIO_NET_CTRL_RX_ALLMULTI = 1;

    /** All unicast is received. */
    public static final int VIRTIO_NET_CTRL_RX_ALLUNI = 2;

    /** No multicast is received. */
    public static final int VIRTIO_NET_CTRL_RX_NOMULTI = 3;

    /** No unicast is received. */
    public static final int VIRTIO_NET_CTRL_RX_NOUNI = 4;

    /** No broadcast is received. */
    public static final int VIRTIO_NET_CTRL_RX_NOBCAST = 5;

    /** Class of commands: MAC addresses. */
    public static final int VIRTIO_NET_CTRL_MAC = 1;

    /** Sets the table: two lists, of unicast and of multicast, each a u32 count and so many addresses. */
    public static final int VIRTIO_NET_CTRL_MAC_TABLE_SET = 0;

    /** Sets the address: 6 bytes. */
    public static final int VIRTIO_NET_CTRL_MAC_ADDR_SET = 1;

    /** Class of commands: the filter of VLANs. Data: u16. */
    public static final int VIRTIO_NET_CTRL_VLAN = 2;

    /** Frames of a VLAN are received. */
    public static final int VIRTIO_NET_CTRL_VLAN_ADD = 0;

    /** Frames of a VLAN are not received any more. */
    public static final int VIRTIO_NET_CTRL_VLAN_DEL = 1;

    /** Class of commands: the driver announced itself. No data. */
    public static final int VIRTIO_NET_CTRL_ANNOUNCE = 3;

    /** It did. */
    public static final int VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0;

    /** Class of commands: queue pairs. */
    public static final int VIRTIO_NET_CTRL_MQ = 4;

    /** So many pairs are in use. Data: u16, 1 to {@code max_virtqueue_pairs}. */
    public static final int VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0;

    /** Class of commands: receive offloads. */
    public static final int VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5;

    /** Sets them. Data: u64, feature bits among those of {@link #GUEST_OFFLOADS}. */
    public static final int VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0;

    /** The features that are receive offloads. */
    public static final long GUEST_OFFLOADS = 1L << VIRTIO_NET_F_GUEST_CSUM
            | 1L << VIRTIO_NET_F_GUEST_TSO4
            | 1L << VIRTIO_NET_F_GUEST_TSO6
            | 1L << VIRTIO_NET_F_GUEST_ECN
            | 1L << VIRTIO_NET_F_GUEST_UFO;

    /** Bytes of a MAC address. */
    public static final int MAC_BYTES = 6;

    private VirtioNet() {
    }

    /**
     * Returns the receive queue of a pair (virtio 1.2, 5.1.2).
     *
     * @param pair 0 and up
     */
    public static int receiveQueue(int pair) {
        return 2 * pair;
    }

    /**
     * Returns the transmit queue of a pair.
     *
     * @param pair 0 and up
     */
    public static int transmitQueue(int pair) {
        return 2 * pair + 1;
    }

    /**
     * Returns the control queue of a driver that accepted CTRL_VQ: it comes after the pairs that it could use, whatever
     * it uses.
     *
     * @param features what the driver accepted
     * @param maxPairs config {@code max_virtqueue_pairs}
     */
    public static int controlQueue(long features, int maxPairs) {
        return (features >>> VIRTIO_NET_F_MQ & 1) != 0 ? 2 * maxPairs : 2;
    }
}
