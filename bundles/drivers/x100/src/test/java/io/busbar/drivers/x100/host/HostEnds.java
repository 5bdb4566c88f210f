package io.busbar.drivers.x100.host;

import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.PciLink;

/** For tests of both sides: the host's. */
public final class HostEnds {

    private HostEnds() {
    }

    /** Sets the host's side up and starts the card. */
    public static LinkEnd start(PciLink link) throws VopException {
        HostEnd end = new HostEnd(link);
        end.startCard();
        return end;
    }

    /** Resets the card. */
    public static void reset(LinkEnd host) {
        ((HostEnd) host).resetCard();
    }
}
