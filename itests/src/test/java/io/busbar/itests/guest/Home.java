package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A Busbar, and where a guest finds the devices that are added to it.
 *
 * @param busbar    which runs
 * @param placement of devices
 * @param own       whether it ends with this
 */
record Home(BusbarProcess busbar, Placement placement, boolean own) implements AutoCloseable {

    /** One that serves devices as they are. */
    static Home onHost(Path folder) {
        return onHost(BusbarProcess.in(folder).start());
    }

    /** One that was started, and ends with this. */
    static Home onHost(BusbarProcess busbar) {
        return new Home(busbar, Placement.onHost(busbar), true);
    }

    /** One whose devices are found on the card {@code mic0}. */
    static Home onCard(Path folder) {
        BusbarProcess busbar = startWithCards(folder, "mic0");
        return new Home(busbar, Placement.onCard(busbar, "mic0"), true);
    }

    /**
     * A card of a Busbar with several, which somebody else ends.
     *
     * @param busbar that {@link #startWithCards} has started
     */
    static Home onCardOf(BusbarProcess busbar, String card) {
        return new Home(busbar, Placement.onCard(busbar, card), false);
    }

    /** Starts a Busbar with cards. */
    static BusbarProcess startWithCards(Path folder, String... names) {
        return BusbarProcess.in(folder)
                .configuration(Arrays.stream(names)
                        .map(name -> "\"io.busbar.drivers.x100~" + name + "\": {\"name\": \"" + name + "\"}")
                        .collect(Collectors.joining(", ", "{", "}")))
                .start();
    }

    /**
     * Adds a device.
     *
     * @param device what it is called where no card is
     * @param words  that follow the management device
     * @return its name
     */
    String add(String device, String managementDevice, String... words) {
        String name = placement.name(device);
        List<String> line = new ArrayList<>(List.of("vdpa", "dev", "add", "name", name, "mgmtdev", managementDevice));
        line.addAll(List.of(words));
        line.addAll(placement.words());
        busbar.ok(line.toArray(String[]::new));
        return name;
    }

    /** Waits until a device can be connected to; returns its socket. */
    Path socket(String device) {
        return placement.socket(placement.name(device));
    }

    @Override
    public void close() {
        if (own) {
            busbar.close();
        }
    }
}
