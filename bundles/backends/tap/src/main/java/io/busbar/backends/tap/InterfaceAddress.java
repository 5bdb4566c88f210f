package io.busbar.backends.tap;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import java.net.InetAddress;

/**
 * An address of an interface with its network: {@code 10.0.0.1/24}.
 *
 * @param bytes  the address, 4 or 16 bytes
 * @param prefix how many bits name the network
 */
record InterfaceAddress(byte[] bytes, int prefix) {

    static InterfaceAddress of(String text) throws BackendException {
        int slash = text.indexOf('/');
        try {
            byte[] bytes = bytes(text.substring(0, slash));
            int prefix = Integer.parseInt(text.substring(slash + 1));
            if (prefix >= 0 && prefix <= bytes.length * Byte.SIZE) {
                return new InterfaceAddress(bytes, prefix);
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException _) {
            // Said below, as for a prefix that is too long.
        }
        throw new BackendException(Kind.CONFIG_INVALID,
                "address " + text + ": expected an address and the length of its network's prefix, such as 10.0.0.1/24");
    }

    /** The four numbers of IPv4 may not be left out, as old programs let them. */
    private static byte[] bytes(String address) {
        if (address.indexOf(':') < 0 && address.split("\\.", -1).length != Integer.BYTES) {
            throw new IllegalArgumentException(address);
        }
        return InetAddress.ofLiteral(address).getAddress();
    }
}
