package io.busbar.drivers.vop;

import io.busbar.api.vop.LinkMeter;
import io.busbar.core.virtio.ring.SplitLayout;

/**
 * Counts what a driver ring writes over the link, whose descriptor table and available ring are in the host's memory. It reads
 * nothing of them; what it reads, the used ring, is here.
 */
final class RingTraffic {

    private static final int SLOT_BYTES = Short.BYTES;
    private static final int INDEX_BYTES = Short.BYTES;
    private static final int EVENT_BYTES = Short.BYTES;

    private final LinkMeter meter;
    private final boolean eventIdx;
    private long writes;
    private long bytes;

    RingTraffic(LinkMeter meter, boolean eventIdx) {
        this.meter = meter;
        this.eventIdx = eventIdx;
    }

    /** A chain was added: its descriptors, and its slot in the available ring. */
    void added(int descriptors) {
        writes += descriptors + 1;
        bytes += (long) descriptors * SplitLayout.DESCRIPTOR_BYTES + SLOT_BYTES;
    }

    /** What was added was published: the available index. */
    void published() {
        writes++;
        bytes += INDEX_BYTES;
    }

    /** Calls were asked for: {@code used_event}, if there is one. */
    void asked() {
        if (eventIdx) {
            writes++;
            bytes += EVENT_BYTES;
        }
    }

    /** Tells the meter what was written since this was called last. */
    void tell() {
        if (writes > 0) {
            meter.posted(writes, bytes);
            writes = 0;
            bytes = 0;
        }
    }
}
