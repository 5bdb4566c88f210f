package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.NetDriver;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.itests.Eventually;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;

/** Network cards of the bus that are driven in this process, over the backend that gives back what is sent. */
@ExtendWith(InFramework.class)
@Timeout(180)
class NetDriverIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int FRAMES = 20_000;
    private static final int TYPE_FOR_EXPERIMENTS = 0x88b5;
    private static final int MAC_BYTES = 6;

    private BundleContext context;

    @BeforeEach
    void begin(BundleContext inside) {
        context = inside;
    }

    @AfterEach
    void end() throws Exception {
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().startsWith("io.busbar.")) {
                bundle.start();
            }
        }
        for (var device : bus().snapshot().devices()) {
            bus().devDel(device.name());
        }
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private NetDriver add(String... words) throws Exception {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("backend", "loopback");
        for (int i = 0; i < words.length; i += 2) {
            all.put(words[i], words[i + 1]);
        }
        all.put(VdpaBus.DRIVER_OVERRIDE, "virtio");
        bus().devAdd("sim_net", new AddRequest("net0", all), false);
        return driver().orElseThrow();
    }

    private Optional<NetDriver> driver() {
        try {
            return context.getServiceReferences(NetDriver.class, "(" + DeviceDriver.DEVICE + "=net0)").stream()
                    .findFirst().map(context::getService);
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private State state() {
        return bus().snapshot().devices().getFirst().state();
    }

    private static void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what);
    }

    /** A frame from a card to itself, with a number. */
    private static ByteBuffer frame(NetDriver card, long number, int length) {
        ByteBuffer frame = ByteBuffer.allocate(length);
        frame.put(card.mac()).put(card.mac()).putShort((short) TYPE_FOR_EXPERIMENTS).putLong(number);
        while (frame.hasRemaining()) {
            frame.put((byte) (number + frame.position()));
        }
        return frame.flip();
    }

    /** Receives numbered frames, and notes whether each is the next, and whole. */
    private static final class Received {
        private final AtomicLong next = new AtomicLong();
        private volatile String wrong = "";

        void take(ByteBuffer frame) {
            long number = frame.getLong(2 * MAC_BYTES + Short.BYTES);
            for (int i = 2 * MAC_BYTES + Short.BYTES + Long.BYTES; i < frame.limit() && wrong.isEmpty(); i++) {
                if (frame.get(i) != (byte) (number + i)) {
                    wrong = "byte " + i + " of frame " + number;
                }
            }
            if (number != next.get()) {
                wrong = "frame " + number + " in the place of " + next.get();
            }
            next.incrementAndGet();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"device", "platform", "incremental"})
    void framesComeBackWholeAndInOrderHoweverTheDeviceTranslates(String dma) throws Exception {
        NetDriver card = add("dma", dma, "mtu", "1400");
        assertThat(card.mtu()).isEqualTo(1400);
        assertThat(card.isLinkUp()).isTrue();
        assertThat(state()).isEqualTo(State.RUNNING);
        Received received = new Received();
        card.listen(frame -> received.take(frame.slice()));
        for (int i = 0; i < FRAMES; i++) {
            // No more on its way than there are buffers to receive: none is dropped for want of one.
            int number = i;
            eventually("the frames before come back", () -> number - received.next.get() < 100);
            card.send(frame(card, i, 22 + i % (card.maxFrameBytes() - 25)));
        }
        eventually("all came back", () -> received.next.get() == FRAMES);
        assertThat(received.wrong).isEmpty();
        assertThat(card.counters().sent()).isEqualTo(FRAMES);
        assertThat(card.counters().malformed()).isZero();
    }

    @Test
    void theAddressIsThatOfTheDeviceAndTheLinkIsSeenGoingDownAndUp() throws Exception {
        NetDriver card = add("mac", "02:11:22:33:44:55");
        assertThat(card.mac()).containsExactly(2, 0x11, 0x22, 0x33, 0x44, 0x55);
        LinkControl link = (LinkControl) bus().device("net0").orElseThrow().ops();
        link.setLink(false);
        eventually("the link is down", () -> !card.isLinkUp());
        link.setLink(true);
        eventually("the link is up", card::isLinkUp);
        Received received = new Received();
        card.listen(frame -> received.take(frame.slice()));
        card.send(frame(card, 0, 60));
        eventually("it came back", () -> received.next.get() == 1);
    }

    @Test
    void aSenderWaitsWhileTheBackendIsAwayAndGoesOnWhenItIsBack() throws Exception {
        NetDriver card = add();
        bundle("io.busbar.backends.loopback").stop();
        assertThat(state()).isEqualTo(State.HELD);
        int taken = 0;
        while (card.offer(frame(card, taken, 60))) {
            taken++;
        }
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                card.send(frame(card, 0, 60));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        eventually("it waits", () -> sender.getState() == Thread.State.WAITING);
        bundle("io.busbar.backends.loopback").start();
        assertThat(sender.join(DEADLINE)).isTrue();
        int sent = taken + 1;
        eventually("the frames went out", () -> card.counters().sent() == sent);
    }

    @Test
    void aCardThatIsRemovedTellsItsSenders() throws Exception {
        NetDriver card = add();
        bus().devDel("net0");
        assertThat(driver()).isEmpty();
        assertThatThrownBy(() -> card.send(frame(card, 0, 60))).isInstanceOf(DriverException.class)
                .hasMessage("net0: frame not sent: the device was unbound from its driver");
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
