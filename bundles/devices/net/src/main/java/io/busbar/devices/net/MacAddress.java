package io.busbar.devices.net;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** MAC addresses as numbers of 48 bits, the first byte on top: so they are compared at once, and kept without objects. */
final class MacAddress {

    /** To everybody. */
    static final long BROADCAST = 0xffff_ffff_ffffL;

    private static final Pattern FORM = Pattern.compile("[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}");
    private static final int BITS = 48;
    private static final long GROUP = 1L << 40;
    private static final long LOCAL = 1L << 41;

    private MacAddress() {
    }

    /**
     * Reads an address.
     *
     * @param text six bytes in hexadecimal with colons
     * @return the address, or empty if it is none, or cannot be a device's: a group's, or all zero
     */
    static OptionalLong parse(String text) {
        if (!FORM.matcher(text).matches()) {
            return OptionalLong.empty();
        }
        long address = 0;
        for (String part : text.split(":")) {
            address = address << Byte.SIZE | Integer.parseInt(part, 16);
        }
        return isDevice(address) ? OptionalLong.of(address) : OptionalLong.empty();
    }

    /** Returns the address of a device without a given one: always the same for a name, and locally administered. */
    static long ofName(String deviceName) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("busbar net " + deviceName).getBytes(StandardCharsets.UTF_8));
            long address = 0;
            for (int i = 0; i < BITS / Byte.SIZE; i++) {
                address = address << Byte.SIZE | Byte.toUnsignedInt(hash[i]);
            }
            return address & ~GROUP | LOCAL;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Returns whether an address is a group's: multicast or broadcast. */
    static boolean isGroup(long address) {
        return (address & GROUP) != 0;
    }

    /** Returns whether an address can be a device's own. */
    static boolean isDevice(long address) {
        return address != 0 && !isGroup(address);
    }

    /** Puts the bytes of an address into an array. */
    static void put(long address, byte[] target, int offset) {
        for (int i = 0; i < BITS / Byte.SIZE; i++) {
            target[offset + i] = (byte) (address >>> BITS - Byte.SIZE * (i + 1));
        }
    }
}
