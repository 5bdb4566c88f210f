package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.HandoverDevice;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Devices that come from another process, until they are served. They have no place on the bus before, so that nobody else adds
 * or binds them. While the bus's lock of changes is held.
 */
final class Arrival {

    /** What a part of the bus is asked for. */
    interface Host {

        /** Finds a management device. */
        Optional<PluggedIn<VdpaManagementDevice>> maker(String name);

        /** Finds a bus driver. */
        Optional<PluggedIn<VdpaBusDriver>> driver(String name);

        /** Makes the device of a place. */
        void make(DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker) throws VdpaException;
    }

    private final Host host;
    private final Map<String, DeviceSlot> slots = new LinkedHashMap<>();

    Arrival(Host host) {
        this.host = host;
    }

    /** Makes the devices that are not only kept a place for. */
    void open(List<HandoverBus.Place> places) throws VdpaException {
        for (HandoverBus.Place place : places) {
            AddRequest request = place.request();
            DeviceSlot slot = new DeviceSlot(
                    new DeviceRecord(request.name(), place.managementDevice(), place.override(), request.attributes()),
                    place.persistent());
            if (place.present()) {
                host.make(slot, host.maker(place.managementDevice()).orElseThrow(
                        () -> missing(slot, "management device " + place.managementDevice())));
            }
            slots.put(slot.name(), slot);
        }
    }

    /** Takes over what the devices were there, and binds them. */
    void adopt(List<HandoverBus.Stopped> devices) throws VdpaException {
        for (HandoverBus.Stopped stopped : devices) {
            DeviceSlot slot = slots.get(stopped.name());
            if (slot == null || slot.present() == null) {
                throw new VdpaException(
                        VdpaError.ENODEV, "device " + stopped.name() + " is handed over and was not opened before");
            }
            PluggedIn<VdpaBusDriver> driver = host.driver(stopped.busDriver())
                    .orElseThrow(() -> missing(slot, "bus driver " + stopped.busDriver()));
            Vendors.handingOver(slot, () -> adopt(slot, driver, stopped));
        }
    }

    private static void adopt(DeviceSlot slot, PluggedIn<VdpaBusDriver> driver, HandoverBus.Stopped stopped)
            throws VdpaException {
        if (!(driver.part() instanceof HandoverBusDriver adopting)
                || !(slot.present().parent() instanceof HandoverDevice device)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, "it cannot take over what another process had");
        }
        slot.bound(new Bound(driver, adopting.adopt(slot.present(), stopped.binding())));
        slot.health(Health.OK);
        device.takeOver(stopped.device());
    }

    private static VdpaException missing(DeviceSlot slot, String part) {
        return new VdpaException(VdpaError.ENODEV, slot.name() + ": " + part + " is not there");
    }

    /** Has them served; from now on they belong to the bus. */
    Collection<DeviceSlot> resume() {
        for (DeviceSlot slot : slots.values()) {
            if (slot.bound() != null && slot.bound().binding() instanceof HandoverBusDriver.HandoverBinding binding) {
                Vendors.quietly("go on where it was handed over", binding::resume);
            }
        }
        return slots.values();
    }
}
