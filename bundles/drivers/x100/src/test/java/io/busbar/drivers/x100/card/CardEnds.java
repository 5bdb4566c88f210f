package io.busbar.drivers.x100.card;

import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.PciLink;

/** For tests of both sides: the card's. */
public final class CardEnds {

    private CardEnds() {
    }

    /** Sets the card's side up. */
    public static LinkEnd start(PciLink link) throws VopException {
        return new CardEnd(link);
    }
}
