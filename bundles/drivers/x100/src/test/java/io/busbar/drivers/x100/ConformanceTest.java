package io.busbar.drivers.x100;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import io.busbar.drivers.x100.card.CardEnds;
import io.busbar.drivers.x100.host.HostEnds;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Timing;
import io.busbar.testkit.vop.LoopbackLink;
import io.busbar.testkit.vop.VopConformance;
import io.busbar.testkit.vop.VopRig;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What every link must do: the card, and the link for the tests of others. */
class ConformanceTest {

    private static Stream<DynamicTest> tests(Supplier<VopRig> rigs) {
        return Stream.of(VopConformance.of(rigs), VopConformance.ofDma(rigs)).flatMap(List::stream).map(check -> DynamicTest.dynamicTest(check.name(), () -> check.body().run()));
    }

    @TestFactory
    Stream<DynamicTest> x100() {
        return tests(() -> new Rig(Timing.NONE));
    }

    @TestFactory
    Stream<DynamicTest> x100_that_takes_its_time() {
        return tests(() -> new Rig(new Timing(Timing.Mode.WAIT, 8000, 256, 24, 900, 1000, 500)));
    }

    @TestFactory
    Stream<DynamicTest> loopback() {
        return tests(() -> new LoopbackLink("mic0", 1));
    }

    /** A card with both of its ends. */
    private static final class Rig implements VopRig {

        private final PciLink link;
        private final LinkEnd host;
        private final LinkEnd card;

        Rig(Timing timing) {
            link = new PciLink(new LinkSettings("mic0", 64, 64, timing));
            try {
                host = HostEnds.start(link);
                card = CardEnds.start(link);
            } catch (VopException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public VopDevice host() {
            return host;
        }

        @Override
        public VopDevice card() {
            return card;
        }

        @Override
        public void sever() {
            link.breakDown();
        }

        @Override
        public long faults(VopRole of) {
            return link.faults(of);
        }

        @Override
        public void close() {
            card.close();
            host.close();
            link.close();
        }
    }
}
