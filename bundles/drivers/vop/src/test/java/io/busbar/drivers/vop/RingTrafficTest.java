package io.busbar.drivers.vop;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.OwnMemory;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.core.virtio.vop.VqConfig;
import io.busbar.testkit.vop.LoopbackLink;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is counted is what changes in the host's memory. */
class RingTrafficTest {

    private static final int SIZE = 64;
    private static final byte MARK = (byte) 0xa5;

    @ParameterizedTest
    @CsvSource({"1, true", "5, true", "1, false", "12, false"})
    void each_byte_that_changes_is_counted_and_no_other(int buffers, boolean eventIdx) throws Exception {
        try (LoopbackLink link = new LoopbackLink("mic0", 1)) {
            OwnMemory host = link.host().ops().allocate("ring", VopRing.hostBytes(SIZE));
            host.segment().set(ValueLayout.JAVA_INT_UNALIGNED, VopRing.infoOffset(SIZE) + VopRing.INFO_MAGIC, VopRing.magic(2, 0));
            var meter = link.card().ops().meter("test", 0);
            HostRing memory = new HostRing(link.card().ops(), "test", 2, 0, new VqConfig(host.peerAddress(), 0, SIZE), meter);
            DriverRing ring = memory.make(eventIdx ? VirtioConfig.bit(VirtioConfig.VIRTIO_RING_F_EVENT_IDX) : 0);
            // Marked where the ring writes, but for the index, from which the ring counts.
            MemorySegment all = host.segment().asSlice(0, VopRing.infoOffset(SIZE));
            all.fill(MARK);
            LinkCounters before = meter.read();

            RingTraffic traffic = new RingTraffic(meter, eventIdx);
            long[] addresses = new long[buffers];
            int[] lengths = new int[buffers];
            Arrays.fill(addresses, 0x0123_4567_89ab_cdefL);
            Arrays.fill(lengths, 0x1234_5678);
            assertThat(ring.add(addresses, lengths, buffers, 0, 0)).isZero();
            traffic.added(buffers);
            ring.publish();
            traffic.published();
            ring.enableCalls();
            traffic.asked();
            traffic.tell();

            long changed = 0;
            for (byte each : all.toArray(ValueLayout.JAVA_BYTE)) {
                changed += each == MARK ? 0 : 1;
            }
            LinkCounters after = meter.read();
            assertThat(after.postedBytes() - before.postedBytes()).isEqualTo(changed);
            assertThat(after.postedWrites() - before.postedWrites()).isEqualTo(buffers + 2 + (eventIdx ? 1 : 0));
            assertThat(after.nonPostedReads()).isEqualTo(before.nonPostedReads());
        }
    }
}
