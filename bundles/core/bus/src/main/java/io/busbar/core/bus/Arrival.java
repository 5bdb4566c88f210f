package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
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

        /** Makes the device of a place, with what the one of the other process had prepared. */
        void make(DeviceSlot slot, PluggedIn<VdpaManagementDevice> maker, Optional<Handover> prepared) throws VdpaException;
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
            if (place.present().isPresent()) {
                open(slot, place.present().get());
            }
            slots.put(slot.name(), slot);
        }
    }

    private void open(DeviceSlot slot, HandoverBus.Present present) throws VdpaException {
        host.make(slot, host.maker(slot.managementDevice()).orElseThrow(
                () -> missing(slot, "management device " + slot.managementDevice())), present.prepared());
        HandoverBusDriver driver = adopting(driver(slot, present.busDriver()));
        HandoverDevice device = device(slot);
        Vendors.handingOver(slot, () -> {
            driver.rehearse(slot.present());
            device.rehearse();
        });
    }

    private PluggedIn<VdpaBusDriver> driver(DeviceSlot slot, String name) throws VdpaException {
        return host.driver(name).orElseThrow(() -> missing(slot, "bus driver " + name));
    }

    private static HandoverBusDriver adopting(PluggedIn<VdpaBusDriver> driver) throws VdpaException {
        if (driver.part() instanceof HandoverBusDriver adopting) {
            return adopting;
        }
        throw new VdpaException(VdpaError.EOPNOTSUPP, "bus driver " + driver.name() + " cannot take over what another process had");
    }

    private static HandoverDevice device(DeviceSlot slot) throws VdpaException {
        if (slot.present().parent() instanceof HandoverDevice device) {
            return device;
        }
        throw new VdpaException(VdpaError.EOPNOTSUPP, slot.name() + " cannot take over what another process had");
    }

    /** Takes over what a device was there, and binds it. */
    void adopt(HandoverBus.Stopped stopped) throws VdpaException {
        DeviceSlot slot = slots.get(stopped.name());
        if (slot == null || slot.present() == null) {
            throw new VdpaException(
                    VdpaError.ENODEV, "device " + stopped.name() + " is handed over and was not opened before");
        }
        PluggedIn<VdpaBusDriver> driver = driver(slot, stopped.busDriver());
        Vendors.handingOver(slot, () -> adopt(slot, driver, stopped));
    }

    private static void adopt(DeviceSlot slot, PluggedIn<VdpaBusDriver> driver, HandoverBus.Stopped stopped)
            throws VdpaException {
        slot.bound(new Bound(driver, adopting(driver).adopt(slot.present(), stopped.binding())));
        slot.health(Health.OK);
        device(slot).takeOver(stopped.device());
    }

    private static VdpaException missing(DeviceSlot slot, String part) {
        return new VdpaException(VdpaError.ENODEV, slot.name() + ": " + part + " is not there");
    }

    /** Has them served; from now on they belong to the bus. */
    Collection<DeviceSlot> resume() {
        for (DeviceSlot slot : slots.values()) {
            if (slot.bound() != null && slot.bound().binding() instanceof HandoverBusDriver.HandoverBinding binding
                    && slot.present().parent() instanceof HandoverDevice device) {
                Vendors.quietly("go on alone", device::goOn);
                Vendors.quietly("go on where it was handed over", binding::resume);
            }
        }
        return slots.values();
    }
}
