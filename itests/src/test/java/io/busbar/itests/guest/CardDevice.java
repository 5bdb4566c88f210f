package io.busbar.itests.guest;

import java.nio.file.Path;

/**
 * A device of a host that a card has.
 *
 * @param host   its name on the host
 * @param card   its name on the card's bus
 * @param type   what it is
 * @param socket where the card serves it, if it does
 */
record CardDevice(String host, String card, Type type, Path socket) {

    /** What a device is. */
    enum Type {
        /** A disk. */
        BLOCK("sim_block"),
        /** A network device. */
        NET("sim_net"),
        /** A console. */
        CONSOLE("sim_console");

        private final String maker;

        Type(String maker) {
            this.maker = maker;
        }

        /** The management device that makes it. */
        String maker() {
            return maker;
        }
    }
}
