package io.busbar.tools.plug;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.VdpaBus;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A device that uses a bundle.
 *
 * @param origin the bundle: symbolic name and version
 * @param bus    its bus
 * @param device its name
 * @param kind   what it has of the bundle
 * @param name   the name of the backend, management device or bus driver; empty for a device model
 */
record Use(String origin, VdpaBus bus, String device, Kind kind, String name) {

    /**
     * Looks who uses which bundles.
     *
     * @param buses all of them
     */
    static List<Use> all(Collection<VdpaBus> buses) {
        List<Use> uses = new ArrayList<>();
        for (VdpaBus bus : buses) {
            BusSnapshot now = bus.snapshot();
            for (BusSnapshot.Device device : now.devices()) {
                add(uses, bus, device, Kind.BACKEND, device.details().getOrDefault("backend", ""),
                        device.details().getOrDefault("backend_bundle", ""));
                add(uses, bus, device, Kind.DEVICE_MODEL, "", device.details().getOrDefault("model_bundle", ""));
                for (Part part : now.parts()) {
                    if (isOf(part, device)) {
                        add(uses, bus, device, part.kind(), part.name(), part.origin());
                    }
                }
            }
        }
        return uses;
    }

    /** What has left has no bundle. */
    private static void add(List<Use> uses, VdpaBus bus, BusSnapshot.Device device, Kind kind, String name, String origin) {
        if (!origin.isEmpty()) {
            uses.add(new Use(origin, bus, device.name(), kind, name));
        }
    }

    private static boolean isOf(Part part, BusSnapshot.Device device) {
        return switch (part.kind()) {
            case MANAGEMENT_DEVICE ->
                part.name().equals(device.mgmtdev()) && device.state() != BusSnapshot.State.ABSENT;
            case BUS_DRIVER -> part.name().equals(device.busDriver());
            case BACKEND, DEVICE_MODEL -> false;
        };
    }

    /** Returns whether the device can get another one while it is in use. */
    boolean canBeSwapped() {
        return kind == Kind.BACKEND || kind == Kind.DEVICE_MODEL;
    }
}
