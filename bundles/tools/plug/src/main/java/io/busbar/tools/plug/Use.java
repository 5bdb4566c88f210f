package io.busbar.tools.plug;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.VdpaBus;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A device that uses a bundle.
 *
 * @param bus    its bus
 * @param device its name
 * @param kind   what it has of the bundle
 * @param name   the name of the backend, management device or bus driver; empty for a device model
 */
record Use(VdpaBus bus, String device, BusSnapshot.Kind kind, String name) {

    /**
     * Looks who uses bundles.
     *
     * @param buses   all of them
     * @param origins the bundles: symbolic name and version of each
     */
    static List<Use> of(Collection<VdpaBus> buses, Collection<String> origins) {
        List<Use> uses = new ArrayList<>();
        for (VdpaBus bus : buses) {
            BusSnapshot now = bus.snapshot();
            for (BusSnapshot.Device device : now.devices()) {
                if (origins.contains(device.details().getOrDefault("backend_bundle", ""))) {
                    uses.add(new Use(bus, device.name(), BusSnapshot.Kind.BACKEND, device.details().getOrDefault("backend", "")));
                }
                if (origins.contains(device.details().getOrDefault("model_bundle", ""))) {
                    uses.add(new Use(bus, device.name(), BusSnapshot.Kind.DEVICE_MODEL, ""));
                }
                for (Part part : now.parts()) {
                    if (origins.contains(part.origin()) && isOf(part, device)) {
                        uses.add(new Use(bus, device.name(), part.kind(), part.name()));
                    }
                }
            }
        }
        return uses;
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
        return kind == BusSnapshot.Kind.BACKEND || kind == BusSnapshot.Kind.DEVICE_MODEL;
    }
}
