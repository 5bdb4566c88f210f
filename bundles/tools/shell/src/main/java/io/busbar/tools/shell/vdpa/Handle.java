package io.busbar.tools.shell.vdpa;

import io.busbar.api.vdpa.VdpaBus;

/**
 * A device or management device as a user names it: its name, or {@code BUS/NAME} on another bus than the host's.
 *
 * @param bus  the bus
 * @param name the name on it
 */
record Handle(String bus, String name) {

    /** Takes what follows a keyword. */
    static Handle parse(String word) throws Refusal {
        String[] parts = word.split("/", -1);
        return switch (parts.length) {
            case 1 -> new Handle(VdpaBus.HOST, parts[0]);
            case 2 -> new Handle(parts[0], parts[1]);
            default -> throw Refusal.lines(
                    "Wrong vdpa mgmtdev identification string format",
                    "Expected \"mgmtdev_bus_name/mgmtdev_name\"",
                    "Expected \"mgmtdev_name\"");
        };
    }

    /** Takes a device's name; a name with too many parts is the name of no device. */
    static Handle device(String word) {
        int slash = word.indexOf('/');
        return slash < 0 ? new Handle(VdpaBus.HOST, word) : new Handle(word.substring(0, slash), word.substring(slash + 1));
    }

    /** As it is shown. */
    static String show(String bus, String name) {
        return bus.equals(VdpaBus.HOST) ? name : bus + "/" + name;
    }
}
