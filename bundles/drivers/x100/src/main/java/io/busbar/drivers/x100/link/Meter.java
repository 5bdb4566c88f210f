package io.busbar.drivers.x100.link;

import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkMeter;
import java.util.concurrent.atomic.AtomicLongArray;

/** Counts of one queue of one device at one end. */
final class Meter implements LinkMeter {

    private static final int POSTED = 0;
    private static final int POSTED_BYTES = 1;
    private static final int NON_POSTED = 2;
    private static final int NON_POSTED_BYTES = 3;
    private static final int DOORBELLS = 4;
    private static final int INTERRUPTS = 5;
    private static final int DMA = 6;
    private static final int DMA_BYTES = 7;
    private static final int NANOS = 8;

    private final Timing timing;
    private final AtomicLongArray counts = new AtomicLongArray(NANOS + 1);

    Meter(Timing timing) {
        this.timing = timing;
    }

    void doorbell() {
        counts.getAndAdd(DOORBELLS, 1);
        if (!timing.off()) {
            spend(timing.doorbell());
        }
    }

    void interrupt() {
        counts.getAndAdd(INTERRUPTS, 1);
        if (!timing.off()) {
            spend(timing.interruptNanos());
        }
    }

    /** A transfer; the engine has waited already. */
    void dma(long bytes) {
        counts.getAndAdd(DMA, 1);
        counts.getAndAdd(DMA_BYTES, bytes);
        if (!timing.off()) {
            counts.getAndAdd(NANOS, timing.dma(bytes));
        }
    }

    @Override
    public void posted(long count, long bytes) {
        counts.getAndAdd(POSTED, count);
        counts.getAndAdd(POSTED_BYTES, bytes);
        if (!timing.off()) {
            spend(timing.wire(count, bytes));
        }
    }

    @Override
    public void nonPosted(long count, long bytes) {
        counts.getAndAdd(NON_POSTED, count);
        counts.getAndAdd(NON_POSTED_BYTES, bytes);
        if (!timing.off()) {
            spend(timing.read(count, bytes));
        }
    }

    private void spend(long nanos) {
        counts.getAndAdd(NANOS, nanos);
        timing.pass(nanos);
    }

    @Override
    public LinkCounters read() {
        return new LinkCounters(counts.get(POSTED), counts.get(POSTED_BYTES), counts.get(NON_POSTED),
                counts.get(NON_POSTED_BYTES), counts.get(DOORBELLS), counts.get(INTERRUPTS), counts.get(DMA),
                counts.get(DMA_BYTES), counts.get(NANOS));
    }
}
