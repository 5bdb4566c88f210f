package io.busbar.devices.console;

import static io.busbar.devices.console.ConsoleFixture.RECEIVE;
import static io.busbar.devices.console.ConsoleFixture.TRANSMIT;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.memory.Payload;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestPayload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The hot path allocates nothing. Measured over rounds of a million buffers, of which one without an allocation is enough: the first
 * ones may see code being compiled again, but 16 bytes per buffer would show in each as 16 million.
 */
class ConsoleAllocationTest {

    private static final int BUFFERS_PER_ROUND = 1_000_000;
    private static final int BUFFERS = 64;

    /** A backend that takes everything but now and then, and has something as often as it is asked. */
    private static final class Endless implements ConsoleBackend {
        private final MemorySegment input = Arena.ofAuto().allocate(100);
        private long calls;

        @Override
        public long write(int port, MemorySegment bytes, long offset, long length) {
            return ++calls % 7 == 0 ? length / 2 : length;
        }

        @Override
        public long read(int port, Payload into) {
            return ++calls % 50 == 0 ? 0 : into.copyFrom(input, 0, 100);
        }

        @Override
        public int visitor(int port) {
            return 1;
        }

        @Override
        public Optional<ConsoleSize> size(int port) {
            return Optional.empty();
        }

        @Override
        public void close() {
        }
    }

    private static long leastAllocated(Runnable round) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5 && least != 0; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            round.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private static ConsoleModel model() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.model.detach();
        console.model.attach(new Endless());
        return console.model;
    }

    private static TestChainSource source(boolean readable) {
        TestChainSource source = TestChainSource.of();
        for (int i = 0; i < BUFFERS; i++) {
            source.add(readable
                    ? new TestChain(TestPayload.ofSizes(200, 50), TestPayload.ofSizes())
                    : new TestChain(TestPayload.ofSizes(), TestPayload.ofSizes(30, 4000)));
        }
        return source;
    }

    /** Serves a queue until so many buffers have come back. */
    private static void serve(ConsoleModel model, int queue, TestChainSource source) {
        for (int done = 0; done < BUFFERS_PER_ROUND; done += BUFFERS) {
            source.rearm();
            while (source.waiting() > 0) {
                model.service(queue, source);
                source.putBack();
            }
        }
    }

    @Test
    void a_million_buffers_that_are_sent_allocate_nothing_also_with_somebody_who_looks_on() throws Exception {
        ConsoleModel model = model();
        TestChainSource source = source(true);
        assertThat(leastAllocated(() -> serve(model, TRANSMIT, source))).isZero();
        try (ConsoleViewer viewer = model.view(0, ConsoleViewer.Mode.WATCH, "me")) {
            assertThat(leastAllocated(() -> serve(model, TRANSMIT, source))).isZero();
            assertThat(viewer.types()).isFalse();
        }
    }

    @Test
    void a_million_buffers_that_are_received_allocate_nothing() throws Exception {
        ConsoleModel model = model();
        TestChainSource source = source(false);
        assertThat(leastAllocated(() -> serve(model, RECEIVE, source))).isZero();
    }
}
