package io.busbar.api.vdpa;

import java.util.List;
import java.util.Objects;

/**
 * A port of a console device, as it is at one moment.
 *
 * @param index       its number, 0 is the console
 * @param name        its name
 * @param driverOpen  whether the driver has it open
 * @param backendOpen whether somebody is at the backend's end
 * @param typist      who types beside the backend, or empty
 * @param watchers    who looks on, in the order in which they came
 */
public record ConsolePort(
        int index, String name, boolean driverOpen, boolean backendOpen, String typist, List<String> watchers) {

    /** Copies the list. */
    public ConsolePort {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(typist, "typist");
        watchers = List.copyOf(watchers);
    }
}
