package io.busbar.drivers.x100;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.drivers.x100.card.CardEnds;
import io.busbar.drivers.x100.host.HostEnds;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Timing;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the link does for each request of a device makes no object: on the thread that asks, the engine's, and that of the handlers. */
@Timeout(120)
class AllocationTest {

    private static final int REQUESTS = 1000;
    private static final int ROUNDS = 40;
    private static final int LENGTH = 4096;

    private final com.sun.management.ThreadMXBean threads =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicInteger called = new AtomicInteger();
    private final DmaCompletion completion = (_, result) -> ended.addAndGet(result == DmaCompletion.DONE ? 1 : REQUESTS);

    private LinkEnd host;
    private OwnMemory own;
    private OwnMemory far;
    private LinkMeter meter;
    private List<DmaChannel> channels;

    @Test
    void a_request_makes_no_object() throws Exception {
        try (PciLink link = new PciLink(new LinkSettings("mic0", 64, 64, Timing.NONE));
                LinkEnd host = HostEnds.start(link); LinkEnd card = CardEnds.start(link);
                OwnMemory own = host.allocate("own", LENGTH); OwnMemory far = card.allocate("far", LENGTH);
                var handler = card.requestInterrupt(5, "disk0", card.meter("disk0", 0), called::incrementAndGet);
                LinkWindow window = host.map(far.peerAddress(), LENGTH, host.meter("disk0", 0))) {
            assertThat(handler.doorbell()).isEqualTo(5);
            this.host = host;
            this.own = own;
            this.far = far;
            meter = host.meter("disk0", 0);
            channels = host.dmaChannels();
            long least = Long.MAX_VALUE;
            // The first rounds are interpreted.
            for (int i = 0; i < ROUNDS && least > 0; i++) {
                long before = ofTheLink();
                long mine = threads.getCurrentThreadAllocatedBytes();
                for (int request = 0; request < REQUESTS; request++) {
                    request(window, request);
                }
                mine = threads.getCurrentThreadAllocatedBytes() - mine;
                least = Math.min(least, ofTheLink() - before + mine);
            }
            assertThat(least).as("bytes for " + REQUESTS + " requests").isZero();
        }
    }

    private void request(LinkWindow window, int number) {
        DmaChannel channel = channels.get(number & 3);
        int transfers = ended.get();
        int calls = called.get();
        boolean taken = channel.read(far.peerAddress(), own, 0, LENGTH, meter, completion, number)
                & channel.write(own, 0, far.peerAddress(), LENGTH, meter, completion, number);
        channel.issue();
        window.copyFrom(7, own.segment(), 64, 130);
        host.sendInterrupt(5, meter);
        while (ended.get() < transfers + 2 || called.get() == calls) {
            Thread.onSpinWait();
        }
        if (!taken || ended.get() != transfers + 2) {
            throw new AssertionError("a transfer has failed");
        }
    }

    private long ofTheLink() {
        long sum = 0;
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("busbar-mic0-")) {
                sum += threads.getThreadAllocatedBytes(thread.threadId());
            }
        }
        return sum;
    }
}
