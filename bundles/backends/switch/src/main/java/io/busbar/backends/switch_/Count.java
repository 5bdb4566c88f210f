package io.busbar.backends.switch_;

/** What is counted of a port. {@code IN}: from its driver; {@code OUT}: to its driver. */
enum Count {
    IN_FRAMES("in frames"),
    IN_BYTES("in bytes"),
    OUT_FRAMES("out frames"),
    OUT_BYTES("out bytes"),
    /** Frames that went to every port of their VLAN: broadcast, multicast, or to a station that is not known. */
    FLOODED("flooded"),
    /** Addresses that were new. */
    LEARNED("learned"),
    /** Frames of stations that found no place in the table. */
    NOT_LEARNED("not learned"),
    /** How often a frame had to wait, as its destination had no room. */
    HELD("held"),
    /** Frames whose source is no station's address, or the server's. */
    BAD_SOURCE("bad source"),
    /** Frames that a bridge does not forward. */
    LINK_LOCAL("link local"),
    /** Frames of a VLAN that the port is not in. */
    OTHER_VLAN("other vlan"),
    /** Frames to a station on the same port. */
    OWN_STATION("own station"),
    /** Frames that are too short, or whose checksum cannot be asked for once a tag is put in or taken off. */
    MALFORMED("malformed"),
    /** Frames whose memory was gone. */
    FAULTS("faults"),
    /** Frames that could not go out, as the driver does not take what is there. */
    FULL("full"),
    /** Frames that could not go out, as there is no driver, or the cable is not plugged in. */
    AWAY("away");

    private final String title;

    Count(String title) {
        this.title = title;
    }

    /** Returns what users read. */
    String title() {
        return title;
    }

    /** Returns whether such frames went nowhere. */
    boolean isDrop() {
        return ordinal() >= BAD_SOURCE.ordinal();
    }
}
