package io.busbar.tools.cardos.net;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An IPv4 address and the network that it is in.
 *
 * @param address the address, big-endian
 * @param prefix  bits of the network's number, 1 to 30
 */
public record Ipv4Interface(int address, int prefix) {

    private static final Pattern TEXT = Pattern.compile("([0-9.]+)/([0-9]{1,2})");
    private static final Pattern ADDRESS = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final int PARTS = 4;
    private static final int MOST = 255;
    private static final int LEAST_PREFIX = 1;
    private static final int MOST_PREFIX = 30;

    /**
     * Reads an address with its prefix.
     *
     * @param text such as {@code 172.31.1.1/24}
     * @throws IllegalArgumentException names the text and what was expected
     */
    public static Ipv4Interface parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        int prefix = matcher.matches() ? Integer.parseInt(matcher.group(2)) : 0;
        if (prefix < LEAST_PREFIX || prefix > MOST_PREFIX) {
            throw new IllegalArgumentException("address \"" + text + "\": expected one with a prefix of " + LEAST_PREFIX + " to "
                    + MOST_PREFIX + ", such as 172.31.1.1/24");
        }
        return new Ipv4Interface(parseAddress(matcher.group(1)), prefix);
    }

    /**
     * Reads an address.
     *
     * @param text such as {@code 172.31.1.1}
     * @throws IllegalArgumentException names the text and what was expected
     */
    public static int parseAddress(String text) {
        Matcher matcher = ADDRESS.matcher(text);
        int address = 0;
        boolean right = matcher.matches();
        for (int i = 1; right && i <= PARTS; i++) {
            int part = Integer.parseInt(matcher.group(i));
            right = part <= MOST;
            address = address << Byte.SIZE | part;
        }
        if (!right) {
            throw new IllegalArgumentException("address \"" + text + "\": expected four numbers of 0 to 255, such as 172.31.1.1");
        }
        return address;
    }

    /** Returns the interface that is so many addresses further. */
    public Ipv4Interface plus(int addresses) {
        return new Ipv4Interface(address + addresses, prefix);
    }

    /** Returns whether an address is in the same network. */
    public boolean reaches(int other) {
        return (address ^ other) >>> Integer.SIZE - prefix == 0;
    }

    /**
     * Returns an address as text.
     *
     * @param address big-endian
     */
    public static String text(int address) {
        return (address >>> 3 * Byte.SIZE) + "." + (address >>> 2 * Byte.SIZE & MOST) + "." + (address >>> Byte.SIZE & MOST) + "."
                + (address & MOST);
    }

    @Override
    public String toString() {
        return text(address) + "/" + prefix;
    }
}
