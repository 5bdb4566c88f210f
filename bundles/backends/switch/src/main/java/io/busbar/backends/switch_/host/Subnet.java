package io.busbar.backends.switch_.host;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An IPv4 subnet. Addresses are numbers below 2<sup>32</sup>.
 *
 * @param base   its first address, whose host bits are 0
 * @param prefix bits of the network, 8 to 30
 */
public record Subnet(long base, int prefix) {

    /** What is written. */
    public static final String EXPECTED = "a subnet such as 10.0.5.0/24, with a prefix of 8 to 30 bits";

    private static final int SHORTEST = 8;
    private static final int LONGEST = 30;
    private static final Pattern FORM = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");
    private static final int BYTES = 4;
    private static final int MAX_BYTE = 255;
    private static final long FIRST_MULTICAST = 224;
    private static final long LOOPBACK = 127;
    private static final int FIRST_BYTE_SHIFT = 24;

    /**
     * Reads a subnet.
     *
     * @param text as in {@link #EXPECTED}
     * @throws IllegalArgumentException with what is wrong of it
     */
    public static Subnet parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("it is none");
        }
        long base = 0;
        for (int i = 1; i <= BYTES; i++) {
            int part = Integer.parseInt(parts.group(i));
            if (part > MAX_BYTE) {
                throw new IllegalArgumentException(part + " is above " + MAX_BYTE);
            }
            base = base << Byte.SIZE | part;
        }
        int prefix = Integer.parseInt(parts.group(BYTES + 1));
        if (prefix < SHORTEST || prefix > LONGEST) {
            throw new IllegalArgumentException("its prefix is " + prefix);
        }
        long first = base >>> FIRST_BYTE_SHIFT;
        if (first == 0 || first == LOOPBACK || first >= FIRST_MULTICAST) {
            throw new IllegalArgumentException("no host has an address that begins with " + first);
        }
        if ((base & hostMask(prefix)) != 0) {
            throw new IllegalArgumentException(
                    "its first address is " + text(base & ~hostMask(prefix)) + "/" + prefix);
        }
        return new Subnet(base, prefix);
    }

    private static long hostMask(int prefix) {
        return (1L << Integer.SIZE - prefix) - 1;
    }

    /** Returns the network mask. */
    public long mask() {
        return ~hostMask(prefix) & 0xffff_ffffL;
    }

    /** Returns the server's address: the first one of a host. */
    public long server() {
        return base + 1;
    }

    /** Returns the first address that a client can have. */
    public long firstClient() {
        return base + 2;
    }

    /** Returns the last address that a client can have. */
    public long lastClient() {
        return broadcast() - 1;
    }

    /** Returns the address of everybody in it. */
    public long broadcast() {
        return base | hostMask(prefix);
    }

    /**
     * Returns whether a client can have an address.
     *
     * @param address the address
     */
    public boolean isClient(long address) {
        return address >= firstClient() && address <= lastClient();
    }

    @Override
    public String toString() {
        return text(base) + "/" + prefix;
    }

    /**
     * Returns an address as people write it.
     *
     * @param address the address
     */
    public static String text(long address) {
        return (address >>> FIRST_BYTE_SHIFT) + "." + (address >>> Short.SIZE & MAX_BYTE) + "."
                + (address >>> Byte.SIZE & MAX_BYTE) + "." + (address & MAX_BYTE);
    }
}
