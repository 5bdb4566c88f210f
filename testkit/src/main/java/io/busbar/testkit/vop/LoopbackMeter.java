package io.busbar.testkit.vop;

import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkMeter;
import java.util.concurrent.atomic.AtomicLongArray;

/** Counts of one queue at one end. */
final class LoopbackMeter implements LinkMeter {

    private static final int POSTED = 0;
    private static final int POSTED_BYTES = 1;
    private static final int NON_POSTED = 2;
    private static final int NON_POSTED_BYTES = 3;
    private static final int DOORBELLS = 4;
    private static final int INTERRUPTS = 5;
    private static final int DMA = 6;
    private static final int DMA_BYTES = 7;

    private final AtomicLongArray counts = new AtomicLongArray(DMA_BYTES + 1);

    void doorbell() {
        counts.incrementAndGet(DOORBELLS);
    }

    void interrupt() {
        counts.incrementAndGet(INTERRUPTS);
    }

    void dma(long bytes) {
        counts.incrementAndGet(DMA);
        counts.addAndGet(DMA_BYTES, bytes);
    }

    @Override
    public void posted(long count, long bytes) {
        counts.addAndGet(POSTED, count);
        counts.addAndGet(POSTED_BYTES, bytes);
    }

    @Override
    public void nonPosted(long count, long bytes) {
        counts.addAndGet(NON_POSTED, count);
        counts.addAndGet(NON_POSTED_BYTES, bytes);
    }

    @Override
    public LinkCounters read() {
        return new LinkCounters(counts.get(POSTED), counts.get(POSTED_BYTES), counts.get(NON_POSTED),
                counts.get(NON_POSTED_BYTES), counts.get(DOORBELLS), counts.get(INTERRUPTS), counts.get(DMA),
                counts.get(DMA_BYTES), 0);
    }
}
