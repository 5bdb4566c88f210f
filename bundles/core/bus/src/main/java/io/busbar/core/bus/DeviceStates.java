package io.busbar.core.bus;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import java.util.EnumSet;
import java.util.Set;

/** Looks at one device: where it is in its life, and what is wrong with it. Takes no lock. */
final class DeviceStates {

    private static final Set<Reason> HOLDING =
            EnumSet.of(Reason.NO_BACKEND, Reason.NO_DEVICE_MODEL, Reason.BACKEND_STUCK, Reason.FEATURES_MISMATCH,
                    Reason.NOT_CONNECTED, Reason.NO_ANSWER, Reason.PROTOCOL_VIOLATION);

    private DeviceStates() {}

    /** Where a device is in its life, and what is wrong with it. */
    record Condition(State state, int status, Health health) {}

    /** Looks at what changes by itself, and at no more: the bus does it again and again. */
    static Condition condition(DeviceSlot slot) {
        PresentDevice device = slot.present();
        return device == null ? new Condition(State.ABSENT, 0, slot.health()) : condition(slot, device, slot.bound());
    }

    private static Condition condition(DeviceSlot slot, PresentDevice device, Bound bound) {
        int status = Vendors.ask(device.ops()::getStatus, 0);
        Health parent = Vendors.health(device.parent()::health);
        State state = state(bound, status, parent);
        return new Condition(state, status, health(slot, device, bound, parent, state));
    }

    /** Looks at everything. */
    static BusSnapshot.Device look(DeviceSlot slot) {
        PresentDevice device = slot.present();
        return device == null ? absent(slot) : present(slot, device);
    }

    private static BusSnapshot.Device absent(DeviceSlot slot) {
        return new BusSnapshot.Device(
                slot.name(), slot.managementDevice(), 0, 0, 0, 0, State.ABSENT, 0, slot.health(), "",
                slot.override().orElse(""), "", slot.persistent(), 0, slot.words());
    }

    private static BusSnapshot.Device present(DeviceSlot slot, PresentDevice device) {
        Bound bound = slot.bound();
        VdpaConfigOps ops = device.ops();
        Condition now = condition(slot, device, bound);
        return new BusSnapshot.Device(
                slot.name(),
                slot.managementDevice(),
                device.deviceId(),
                Vendors.ask(ops::getVendorId, 0),
                device.vqCount(),
                Vendors.ask(ops::getVqNumMax, 0),
                now.state(),
                now.status(),
                now.health(),
                bound == null ? "" : bound.driver().name(),
                slot.override().orElse(""),
                bound == null ? "" : Vendors.ask(bound.binding()::endpoint, ""),
                slot.persistent(),
                Vendors.ask(device.dma()::faults, 0L),
                Vendors.details(device.parent()::details));
    }

    private static State state(Bound bound, int status, Health parent) {
        if ((status & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
            return State.NEEDS_RESET;
        }
        if (HOLDING.contains(parent.reason())) {
            return State.HELD;
        }
        if (bound == null) {
            return State.UNBOUND;
        }
        if ((status & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
            return State.RUNNING;
        }
        return status != 0 || Vendors.ask(bound.binding()::connected, false) ? State.NEGOTIATING : State.BOUND;
    }

    private static Health health(DeviceSlot slot, PresentDevice device, Bound bound, Health parent, State state) {
        if (!parent.ok()) {
            return parent;
        }
        if (state == State.NEEDS_RESET) {
            return new Health(Reason.DEVICE_NEEDS_RESET, "the driver has to reset the device");
        }
        String refusal = device.featureRefusal();
        if (!refusal.isEmpty()) {
            return new Health(Reason.FEATURES_MISMATCH, refusal);
        }
        return bound == null ? slot.health() : Vendors.health(bound.binding()::health);
    }
}
