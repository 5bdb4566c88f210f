package io.busbar.devices.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestModelContext;
import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/**
 * The hot path allocates nothing: frames that are sent, received whole, over several buffers, with a checksum to fill in, cut,
 * and dropped. Measured over rounds of a million frames: 16 bytes per frame would show in each as 16 million.
 */
class NetAllocationTest {

    private static final int FRAMES_PER_ROUND = 1_000_000;

    /** A network that always has the same frames, one after the other, 32 at a time. */
    private static final class Endless implements NetBackend, WaitingFrame {
        private static final NetInfo INFO = new NetInfo(1500, 1, true, true, true);
        private final MemorySegment copy = Arena.ofAuto().allocate(70_000);
        private final MemorySegment[] frames;
        private int left;
        private int at;
        private long sent;

        Endless(byte[]... contents) {
            frames = new MemorySegment[contents.length];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = Arena.ofAuto().allocate(contents[i].length);
                MemorySegment.copy(contents[i], 0, frames[i], ValueLayout.JAVA_BYTE, 0, contents[i].length);
            }
        }

        @Override
        public NetInfo info() {
            return INFO;
        }

        @Override
        public boolean transmit(int pair, NetFrame frame) {
            sent += frame.data().copyTo(copy, 0, frame.data().remaining());
            return true;
        }

        @Override
        public WaitingFrame peek(int pair) {
            return left == 0 ? null : this;
        }

        @Override
        public void taken(int pair) {
            left--;
            at = (at + 1) % frames.length;
        }

        @Override
        public MemorySegment memory() {
            return frames[at];
        }

        @Override
        public long offset() {
            return 0;
        }

        @Override
        public int length() {
            return (int) frames[at].byteSize();
        }

        @Override
        public void close() {
        }
    }

    private static NetModel model(Endless network, long refused) throws Exception {
        NetModel model = (NetModel) new NetModelFactory().create(TestModelContext.of());
        model.attach(network);
        model.setDriverFeatures((model.deviceFeatures() | NetFixture.VERSION_1) & ~refused);
        return model;
    }

    @Test
    void a_million_frames_that_are_sent_allocate_nothing() throws Exception {
        Endless network = new Endless();
        NetModel model = model(network, 0);
        TestChain[] chains = new TestChain[32];
        for (int i = 0; i < chains.length; i++) {
            chains[i] = switch (i % 3) {
                case 0 -> NetFixture.readable(Frames.header(), Frames.frame(Frames.OTHER, 64));
                case 1 -> NetFixture.readable(Frames.checksumHeader(Frames.TCP4_START, 16), Frames.tcp4(0, 1, new byte[200]));
                default -> NetFixture.readable(Frames.checksumHeader(900, 16), Frames.frame(Frames.OTHER, 64));
            };
        }
        TestChainSource source = TestChainSource.of(chains);
        Runnable round = () -> {
            for (int i = 0; i < FRAMES_PER_ROUND; i += chains.length) {
                source.rearm();
                model.service(NetFixture.TX, source);
            }
        };
        assertThat(Allocation.leastOf(round)).isZero();
        assertThat(network.sent).isPositive();
        assertThat(model.statistics(1).get("tx bad checksum")).isPositive();
    }

    @Test
    void a_million_frames_that_are_received_allocate_nothing() throws Exception {
        Endless network = new Endless(
                Frames.join(Frames.header(), Frames.frame(Frames.MAC, 64)),
                Frames.join(Frames.checksumHeader(Frames.TCP4_START, 16), Frames.tcp4(0, 1, new byte[300])),
                Frames.join(Frames.header(1, 1, 70, 250, Frames.TCP4_START, 16), Frames.tcp4(0, 1, new byte[600])),
                Frames.join(Frames.header(), Frames.frame(Frames.MAC, 1600)));
        // Checksums are filled in here, segments are cut, but for the receive offloads all is accepted.
        NetModel model = model(network, NetFixture.GUEST_CSUM | NetFixture.GUEST_TSO4 | NetFixture.GUEST_TSO6
                | NetFixture.CTRL_GUEST_OFFLOADS);
        TestChainSource source = TestChainSource.of(NetFixture.buffers(160, 200));
        Runnable round = () -> {
            for (int i = 0; i < FRAMES_PER_ROUND; i += 16) {
                source.rearm();
                network.left = 16;
                while (network.left > 0) {
                    model.service(NetFixture.RX, source);
                }
            }
        };
        assertThat(Allocation.leastOf(round)).isZero();
        assertThat(model.statistics(0)).extracting("rx packets", "rx cut", "rx checksums", "rx too long")
                .allSatisfy(count -> assertThat((Long) count).isPositive());
    }
}
