package io.busbar.drivers.vop;

import static io.busbar.drivers.vop.Eventually.eventually;

import io.busbar.api.vop.VopException;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.testkit.vop.LoopbackLink;
import java.time.Duration;

/** A link with a scripted host at one end and the card at the other. */
final class Rig implements AutoCloseable {

    static final int BLOCK = VirtioIds.VIRTIO_ID_BLOCK;
    static final int NET = VirtioIds.VIRTIO_ID_NET;
    static final int CONSOLE = VirtioIds.VIRTIO_ID_CONSOLE;
    static final byte[] CONFIG = {1, 2, 3, 4, 5, 6, 7, 8};
    private static final Settings PATIENT = new Settings(Duration.ofSeconds(20), Duration.ofSeconds(20));

    final LoopbackLink link = new LoopbackLink("mic0", 1);
    final Host host = new Host(link);
    final FakeBus bus = new FakeBus();
    Card card;

    /** Starts the card, and waits until it follows the page. */
    Rig start() {
        return start(PATIENT);
    }

    /** The host may take this long for an answer, and for requests to end. */
    Rig start(long millis) {
        return start(new Settings(Duration.ofMillis(millis), Duration.ofMillis(millis)));
    }

    private Rig start(Settings settings) {
        card = new Card(link.card(), bus, bus, settings);
        eventually("the card is there", host::cardIsThere);
        return this;
    }

    EntryDevice device(String name) {
        eventually(() -> name + " is on the bus; there are " + bus.devices.keySet() + ", and of " + bus.absent,
                () -> bus.devices.containsKey(name));
        return (EntryDevice) bus.devices.get(name);
    }

    EntryOps ops(String name) {
        return (EntryOps) device(name).ops();
    }

    /** Waits until all that was rung before was looked at. */
    void settle() {
        Host.Entry last;
        try {
            last = host.add(CONSOLE, Host.FEATURES, CONFIG, 8, 8);
        } catch (VopException e) {
            throw new IllegalStateException(e);
        }
        eventually("a later entry was found", () -> last.ctrl(DeviceCtrl.CARD_DB) >= 0);
        last.remove();
        eventually("it has left", () -> last.ctrl(DeviceCtrl.CARD_DB) < 0);
    }

    @Override
    public void close() {
        if (card != null) {
            card.close();
        }
        link.close();
    }
}
