package io.busbar.busdrivers.vop;

import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.vdpa.FakeDevice;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A queue that never becomes empty: its device is done when it is kicked, and its driver makes the chain available again at once. All
 * of it is on the lane, so that it would never get out of a turn that goes on as long as there is something.
 */
@Timeout(120)
class TurnTest {

    private static final int HALF = 64;

    private final Flood flood = new Flood();
    private Rig rig;
    private Binding binding;
    private ScriptedDriver driver;
    private int more = HALF;

    /** Two queues. The first has its chains back in the ring before the device says that they are used. */
    private final class Flood extends FakeDevice {

        private final AtomicInteger served = new AtomicInteger();
        private final AtomicInteger others = new AtomicInteger();

        Flood() {
            super("flood0", 42, 2, new byte[0], EchoDevice.FEATURES);
        }

        @Override
        public void kickVq(int index) {
            if (getVqReady(index)) {
                do {
                    serve(index);
                } while (askForKick(index));
            }
        }

        @Override
        protected void serve(int index) {
            for (Chain chain = take(index); chain != null; chain = take(index)) {
                if (index == 0) {
                    served.incrementAndGet();
                    again();
                } else {
                    others.incrementAndGet();
                }
                complete(index, chain, 0);
            }
        }
    }

    /** Half of the chains come back while the device has the other half: there is something at each look. */
    private void again() {
        for (; more > 0; more--) {
            add(0);
        }
        while (driver.rings[0].poll() != DriverRing.EMPTY) {
            add(0);
        }
        driver.rings[0].publish();
    }

    private void add(int queue) {
        driver.rings[queue].add(new long[] {driver.address(0)}, new int[] {64}, 1, 0, 0);
    }

    @BeforeEach
    void begin() throws Exception {
        // Without an engine nothing is waited for.
        rig = new Rig(new VopSettings(Rig.ACK_MILLIS, 0, Rig.QUEUE_BYTES), _ -> List.of());
        rig.card.comeUp();
        binding = rig.publish(flood);
        driver = rig.card.driver().bringUp();
        eventually("live", binding::connected);
        add(1);
        driver.rings[1].publish();
        for (int i = 0; i < HALF; i++) {
            add(0);
        }
        driver.kick(0);
        eventually("it floods", () -> flood.served.get() > 2000);
    }

    @AfterEach
    void end() {
        rig.close();
        flood.close();
    }

    @Test
    void theOtherQueueIsServed() {
        eventually("the other queue is served", () -> flood.others.get() == 1);
        int before = flood.served.get();
        eventually("the first one is as well", () -> flood.served.get() > before + 1000);
    }

    @Test
    void theCardIsCalledForAQueueThatNeverBecomesEmpty() {
        eventually("called", () -> driver.calls() > 0);
    }

    @Test
    void aResetIsDone() {
        driver.askForReset();
        eventually("acknowledged", driver::resetDone);
        assertThat(flood.getStatus()).isZero();
    }

    @Test
    void theDeviceCanBeTakenAway() {
        long start = System.nanoTime();
        binding.close();
        assertThat(System.nanoTime() - start).isLessThan(Rig.ACK_MILLIS * 10_000_000L);
        assertThat(rig.card.live()).isEmpty();
    }
}
