package io.busbar.busdrivers.vop.relay;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;

import io.busbar.api.vop.LinkMeter;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.RingFault;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.vop.VopRing;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The ring that the card's driver fills: descriptor table and available ring in own memory, the used ring in the card's. After its
 * beginning nothing is read over the link; each write is told to the meter, here and nowhere else.
 *
 * <p>The chains' addresses are the card's: whoever uses one asks {@link #cardAddress}.
 */
final class CardRing {

    /** A ring translates addresses; here each becomes itself and this, which nobody accesses: a card has less memory. */
    private static final long NOWHERE = 1L << 46;
    private static final Regions CARD = Regions.of(List.of(new Regions.Region(0, NOWHERE, NOWHERE, true)));

    private static final int INDEX_BYTES = 2;
    private static final int ELEMENT_BYTES = 8;

    private final DeviceRing ring;
    private final boolean events;
    private final LinkMeter meter;
    private boolean kicksOff;
    /** At which available index kicks were asked for last; -1 for never. */
    private int askedAt = -1;

    /**
     * Makes the ring; reads the beginning of the used ring, which is the only time.
     *
     * @param host     descriptor table and available ring, as {@link VopRing} has them
     * @param used     the used ring
     * @param size     entries
     * @param features that were accepted
     * @param meter    to which is told what crosses the link
     */
    CardRing(MemorySegment host, MemorySegment used, int size, long features, LinkMeter meter) {
        this.meter = meter;
        events = VirtioConfig.has(features, VIRTIO_RING_F_EVENT_IDX);
        RingAddresses addresses = new RingAddresses(
                Memory.ALL, host.address(), host.address() + VopRing.availOffset(size), used.address());
        ring = Rings.device(new DeviceRingConfig(addresses, size, features), CARD);
        int words = events ? 1 : 2;
        meter.nonPosted(words, (long) words * INDEX_BYTES);
    }

    /** Returns where a buffer is in the card's memory. */
    static long cardAddress(Chain chain, int segment) {
        return chain.address(segment) - NOWHERE;
    }

    /** As {@link DeviceRing#take}, of all that there is. */
    int take() {
        return ring.take(ring.size());
    }

    Chain taken(int index) {
        return ring.taken(index);
    }

    /** As {@link DeviceRing#complete}. */
    void complete(Chain chain, long written) {
        ring.complete(chain, written);
    }

    /** Publishes what was completed; returns whether the card wants a call for it. */
    boolean publish() {
        int published = ring.publish();
        if (published == 0) {
            return false;
        }
        meter.posted(published + 1L, (long) published * ELEMENT_BYTES + INDEX_BYTES);
        return ring.callNeeded();
    }

    /** Says that kicks are not needed. */
    void disableKicks() {
        if (!events && !kicksOff) {
            ring.disableKicks();
            kicksOff = true;
            meter.posted(1, INDEX_BYTES);
        }
    }

    /** Asks for kicks, where that was not done for this place already; returns whether there is something meanwhile. */
    boolean enableKicks() {
        boolean write = events ? askedAt != ring.nextAvail() : kicksOff;
        if (!write) {
            return ring.hasAvailable();
        }
        askedAt = ring.nextAvail();
        kicksOff = false;
        meter.posted(1, INDEX_BYTES);
        return ring.enableKicks();
    }

    /** Returns the number of chains that were taken and not given back. */
    int outstanding() {
        return ring.outstanding();
    }

    /** Returns {@link RingFault#NONE}, or what broke the ring. */
    int fault() {
        return ring.fault();
    }
}
