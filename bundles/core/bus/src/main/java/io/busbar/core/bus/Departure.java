package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.HandoverDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * All devices of a bus go to another process, or none does: until the successor has taken them each step can be taken back.
 * While the bus's lock of changes is held.
 */
final class Departure {

    private final List<DeviceSlot> slots;
    private final List<HandoverDevice> prepared = new ArrayList<>();
    private final List<HandoverBusDriver.HandoverBinding> suspended = new ArrayList<>();

    private Departure(Collection<DeviceSlot> slots) {
        this.slots = List.copyOf(slots);
    }

    /**
     * Hands the devices over.
     *
     * @throws VdpaException why it cannot be; they go on here then
     */
    static void of(Collection<DeviceSlot> slots, HandoverBus.Successor successor) throws VdpaException {
        Departure departure = new Departure(slots);
        boolean done = false;
        try {
            departure.run(successor);
            done = true;
        } finally {
            if (!done) {
                // It may have images open, whose locks are wanted back.
                Vendors.quietly("end who was to take over", successor::abandon);
                departure.takeBack();
            }
        }
    }

    private void run(HandoverBus.Successor successor) throws VdpaException {
        List<HandoverBus.Place> places = new ArrayList<>();
        for (DeviceSlot slot : slots) {
            places.add(place(slot, slot.present() == null ? Optional.empty() : Optional.of(prepare(slot))));
        }
        successor.open(places);
        for (DeviceSlot slot : slots) {
            if (slot.present() != null) {
                successor.take(stop(slot));
            }
        }
        successor.serve();
    }

    private HandoverBus.Present prepare(DeviceSlot slot) throws VdpaException {
        HandoverDevice device = device(slot);
        binding(slot);
        HandoverBus.Present[] present = new HandoverBus.Present[1];
        Vendors.handingOver(slot, () -> {
            present[0] = new HandoverBus.Present(slot.bound().driver().name(), device.prepareHandover());
            prepared.add(device);
        });
        return present[0];
    }

    private static HandoverBus.Place place(DeviceSlot slot, Optional<HandoverBus.Present> present) {
        DeviceRecord record = slot.record();
        return new HandoverBus.Place(new AddRequest(record.name(), record.words()), record.managementDevice(), record.override(),
                slot.persistent(), present);
    }

    private HandoverBus.Stopped stop(DeviceSlot slot) throws VdpaException {
        HandoverBus.Stopped[] stopped = new HandoverBus.Stopped[1];
        Vendors.handingOver(slot, () -> {
            HandoverBusDriver.HandoverBinding binding = binding(slot);
            suspended.add(binding);
            stopped[0] = new HandoverBus.Stopped(
                    slot.name(), slot.bound().driver().name(), binding.suspend(), device(slot).handOver());
        });
        return stopped[0];
    }

    private static HandoverDevice device(DeviceSlot slot) throws VdpaException {
        if (slot.present().parent() instanceof HandoverDevice device) {
            return device;
        }
        throw cannot(slot, "is of management device " + slot.managementDevice() + ", whose devices cannot go on in another process");
    }

    private static HandoverBusDriver.HandoverBinding binding(DeviceSlot slot) throws VdpaException {
        Bound bound = slot.bound();
        if (bound == null) {
            throw cannot(slot, "is not bound: " + slot.health().sentence());
        }
        if (bound.binding() instanceof HandoverBusDriver.HandoverBinding binding) {
            return binding;
        }
        throw cannot(slot, "is bound by " + bound.driver().name() + ", whose driver cannot go on in another process");
    }

    private static VdpaException cannot(DeviceSlot slot, String why) {
        return new VdpaException(VdpaError.EOPNOTSUPP, slot.name() + " " + why);
    }

    private void takeBack() {
        for (HandoverDevice device : prepared.reversed()) {
            Vendors.quietly("take back what was handed over", device::cancelHandover);
        }
        for (HandoverBusDriver.HandoverBinding binding : suspended.reversed()) {
            Vendors.quietly("go on after it was not handed over", binding::resume);
        }
    }
}
