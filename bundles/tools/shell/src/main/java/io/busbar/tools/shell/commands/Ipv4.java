package io.busbar.tools.shell.commands;

import java.util.OptionalInt;

/** Addresses of the internet, version 4, as 32-bit numbers, the first byte highest. */
final class Ipv4 {

    private static final int BYTES = 4;
    private static final int MASK = 0xff;

    private Ipv4() {
    }

    /** Reads {@code 10.0.0.1}; empty if it is no address. */
    static OptionalInt parse(String text) {
        String[] parts = text.split("\\.", -1);
        int address = 0;
        for (String part : parts) {
            if (!part.matches("\\d{1,3}") || Integer.parseInt(part) > MASK) {
                return OptionalInt.empty();
            }
            address = address << Byte.SIZE | Integer.parseInt(part);
        }
        return parts.length == BYTES ? OptionalInt.of(address) : OptionalInt.empty();
    }

    static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & MASK) + "." + (address >>> 8 & MASK) + "." + (address & MASK);
    }
}
