package io.busbar.testkit.vop;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;

/**
 * A link whose two ends are in this process: memory files, doorbells that are calls on the other end's thread, DMA channels that
 * are a thread each. What an end may reach is checked as a real one would.
 */
public final class LoopbackLink implements VopRig {

    /** Bytes of the device page. */
    static final int PAGE_BYTES = 4096;

    private static final long HOST_BASE = 0x80_0000_0000L;
    private static final long CARD_BASE = 0x1000_0000L;
    private static final int HOST_DOORBELLS = 4;
    private static final int CARD_DOORBELLS = 16;

    private final LoopbackEnd host;
    private final LoopbackEnd card;

    /**
     * Makes a link.
     *
     * @param name of the card
     * @param node its number
     */
    public LoopbackLink(String name, int node) {
        host = new LoopbackEnd(name, node, VopRole.HOST, HOST_BASE, HOST_DOORBELLS);
        card = new LoopbackEnd(name, node, VopRole.CARD, CARD_BASE, CARD_DOORBELLS);
        host.connect(card);
        card.connect(host);
    }

    @Override
    public VopDevice host() {
        return host;
    }

    @Override
    public VopDevice card() {
        return card;
    }

    /** Neither end is told. */
    @Override
    public void sever() {
        host.sever();
        card.sever();
    }

    /** Returns how often the host did what a link does not allow: addresses outside, doorbells that are not there. */
    public int faultsOfHost() {
        return host.faults();
    }

    /** Returns how often the card did what a link does not allow. */
    public int faultsOfCard() {
        return card.faults();
    }

    /** Returns how many pieces of memory the host shares, its page among them. */
    public int sharedByHost() {
        return host.shared();
    }

    /**
     * Returns the file of memory that the host shares, as a card that is another process has it.
     *
     * @param address as the card sees it
     */
    public int descriptorSharedByHost(long address) {
        return host.sharedAt(address, 1).region(0).descriptor();
    }

    @Override
    public long faults(VopRole of) {
        return of == VopRole.HOST ? faultsOfHost() : faultsOfCard();
    }

    @Override
    public void close() {
        sever();
        host.close();
        card.close();
    }
}
