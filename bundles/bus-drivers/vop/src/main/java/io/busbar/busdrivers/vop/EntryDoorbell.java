package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopInterrupt;

/**
 * The doorbell that the card rings for one device: for all of its queues, and for what it says in the page.
 *
 * @param number    as the card is told
 * @param interrupt its handler
 */
record EntryDoorbell(int number, VopInterrupt interrupt) implements AutoCloseable {

    /**
     * Takes a doorbell.
     *
     * @param device name, for listings
     * @param link   to the card
     * @param meter  to which interrupts are counted
     * @param wake   called on a thread of the link
     * @throws VdpaException ENOSPC if there is no vector
     */
    static EntryDoorbell request(String device, HostLink link, LinkMeter meter, Runnable wake) throws VdpaException {
        int number = link.ops().nextDoorbell();
        try {
            return new EntryDoorbell(number, link.ops().requestInterrupt(number, device, meter, () -> {
                link.ops().acknowledgeInterrupt(number);
                link.heard();
                wake.run();
            }));
        } catch (VopException e) {
            throw HostLink.refused(e);
        }
    }

    @Override
    public void close() {
        interrupt.close();
    }
}
