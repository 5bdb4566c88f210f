package io.busbar.busdrivers.vop;

import static io.busbar.testkit.vdpa.Eventually.eventually;

import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.DeviceCtrl;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The card's end by hand: each step is one that a test takes, in the right order or not, or leaves out. */
final class ScriptedCard implements AutoCloseable {

    private static final long MEMORY = 48L << 20;
    private static final int CONFIG_DOORBELL = 3;

    final VopHardwareOps ops;
    final LinkWindow page;
    final OwnMemory memory;
    private final AtomicInteger rings = new AtomicInteger();
    private VopInterrupt interrupt;
    private long next;

    ScriptedCard(VopDevice end) throws VopException {
        ops = end.ops();
        page = ops.remoteDevicePage().orElseThrow();
        memory = ops.allocate("card", MEMORY);
    }

    /** Says that it looks at the page. */
    ScriptedCard comeUp() throws VopException {
        interrupt = ops.requestInterrupt(CONFIG_DOORBELL, "page", ops.meter("page", -1), rings::incrementAndGet);
        page.putByte(BootParam.CONFIG_DB, CONFIG_DOORBELL);
        return this;
    }

    /** How often the page has changed, as the host says. */
    int rings() {
        return rings.get();
    }

    DevicePage decode() {
        byte[] bytes = new byte[DevicePage.BYTES];
        page.copyTo(0, MemorySegment.ofArray(bytes), 0, bytes.length);
        return DevicePage.decode(bytes);
    }

    List<DevicePage.Slot> live() {
        return decode().entries().stream().filter(DevicePage.Slot::live).toList();
    }

    /** The driver of the only device that is there. */
    ScriptedDriver driver() {
        List<DevicePage.Slot> live = live();
        if (live.size() != 1) {
            throw new AssertionError("expected one device: " + live);
        }
        return driver(live.getFirst());
    }

    ScriptedDriver driver(DevicePage.Slot slot) {
        return new ScriptedDriver(this, slot);
    }

    /** A piece of the card's memory, at some place within a cache line. */
    long allocate(long bytes, int skew) {
        long at = (next + 63 & -64) + skew;
        next = at + bytes;
        if (next > MEMORY) {
            throw new AssertionError("the card has no memory left");
        }
        return at;
    }

    void forgetAllocations() {
        next = 0;
    }

    /** Takes devices away that the host wants to have back, and acknowledges what it says of configurations. */
    void acknowledge(DevicePage.Slot slot, int what) {
        long ctrl = slot.end() - DeviceCtrl.BYTES;
        eventually("config_change " + what, () -> page.getByte(ctrl + DeviceCtrl.CONFIG_CHANGE) == what);
        page.putByte(ctrl + DeviceCtrl.GUEST_ACK, 1);
    }

    @Override
    public void close() {
        if (interrupt != null) {
            interrupt.close();
        }
    }
}
