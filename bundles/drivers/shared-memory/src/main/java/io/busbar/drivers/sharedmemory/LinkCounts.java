package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkMeter;
import java.util.concurrent.atomic.LongAdder;

/** What crossed the link for one queue. There is no DMA engine, and no model of time. */
final class LinkCounts implements LinkMeter {

    private final LongAdder writes = new LongAdder();
    private final LongAdder bytesWritten = new LongAdder();
    private final LongAdder reads = new LongAdder();
    private final LongAdder bytesRead = new LongAdder();
    private final LongAdder rung = new LongAdder();
    private final LongAdder called = new LongAdder();

    void rang() {
        rung.increment();
    }

    void wasCalled() {
        called.increment();
    }

    @Override
    public void posted(long count, long bytes) {
        writes.add(count);
        bytesWritten.add(bytes);
    }

    @Override
    public void nonPosted(long count, long bytes) {
        reads.add(count);
        bytesRead.add(bytes);
    }

    @Override
    public LinkCounters read() {
        return new LinkCounters(writes.sum(), bytesWritten.sum(), reads.sum(), bytesRead.sum(), rung.sum(), called.sum(), 0, 0, 0);
    }
}
