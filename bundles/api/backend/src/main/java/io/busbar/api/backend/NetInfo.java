package io.busbar.api.backend;

/**
 * The properties of a network.
 *
 * @param mtu      the most bytes behind the Ethernet header of a frame that is not to be segmented, 68 to 65 535
 * @param usualMtu what a driver is told where nobody asked for an MTU, 68 to {@code mtu}
 * @param pairs    the most queue pairs that it serves, 1 and up; a device with more is refused
 * @param checksum whether it takes frames whose checksum is not filled in yet (VIRTIO_NET_HDR_F_NEEDS_CSUM)
 * @param tso      whether it takes TCP segments to be cut, of IPv4 and IPv6; needs {@code checksum}
 * @param linkUp   whether the cable is plugged in
 */
public record NetInfo(int mtu, int usualMtu, int pairs, boolean checksum, boolean tso, boolean linkUp) {

    /** The smallest MTU that a device may offer (virtio 1.2, 5.1.4.1). */
    public static final int MIN_MTU = 68;

    /** The largest MTU that the configuration can say. */
    public static final int MAX_MTU = 65_535;

    /** The MTU of an Ethernet. */
    public static final int ETHERNET_MTU = 1500;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the value that is out of its range
     */
    public NetInfo {
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new IllegalArgumentException("mtu " + mtu + ": expected " + MIN_MTU + " to " + MAX_MTU);
        }
        if (usualMtu < MIN_MTU || usualMtu > mtu) {
            throw new IllegalArgumentException("usual mtu " + usualMtu + ": expected " + MIN_MTU + " to " + mtu);
        }
        if (pairs < 1) {
            throw new IllegalArgumentException("pairs " + pairs + ": expected 1 or more");
        }
        if (tso && !checksum) {
            throw new IllegalArgumentException("tso without checksum: expected both, segments need new checksums");
        }
    }

    /**
     * A network whose usual MTU is that of an Ethernet, or what it carries if that is less.
     *
     * @throws IllegalArgumentException as above
     */
    public NetInfo(int mtu, int pairs, boolean checksum, boolean tso, boolean linkUp) {
        this(mtu, Math.min(ETHERNET_MTU, mtu), pairs, checksum, tso, linkUp);
    }
}
