package io.busbar.backends.switch_.host;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a client asks for (RFC 2131, section 2; options of RFC 2132). Read with every length checked: a message that is cut
 * off, or has an option that runs over its end, is none.
 *
 * @param type      DHCPDISCOVER, ...
 * @param xid       chosen by the client
 * @param broadcast whether the client cannot receive unicast yet
 * @param current   the address that the client has, or 0
 * @param client    the client's Ethernet address
 * @param requested the address that it wants, or 0
 * @param server    the server that it means, or 0
 */
record DhcpMessage(int type, int xid, boolean broadcast, long current, long client, long requested, long server) {

    static final int DISCOVER = 1;
    static final int OFFER = 2;
    static final int REQUEST = 3;
    static final int DECLINE = 4;
    static final int ACK = 5;
    static final int NAK = 6;
    static final int RELEASE = 7;
    static final int INFORM = 8;

    static final int BOOT_REQUEST = 1;
    static final int BOOT_REPLY = 2;
    static final int ETHERNET = 1;
    static final int ETHERNET_BYTES = 6;

    static final int OP = 0;
    static final int HARDWARE_TYPE = 1;
    static final int HARDWARE_BYTES = 2;
    static final int XID = 4;
    static final int FLAGS = 10;
    static final int CIADDR = 12;
    static final int YIADDR = 16;
    static final int SIADDR = 20;
    static final int GIADDR = 24;
    static final int CHADDR = 28;
    static final int SNAME = 44;
    static final int FILE = 108;
    static final int COOKIE = 236;
    static final int OPTIONS = 240;
    static final int MAGIC = 0x63825363;
    static final int BROADCAST_FLAG = 0x8000;

    static final int OPTION_PAD = 0;
    static final int OPTION_MASK = 1;
    static final int OPTION_ROUTER = 3;
    static final int OPTION_BROADCAST = 28;
    static final int OPTION_REQUESTED = 50;
    static final int OPTION_LEASE_SECONDS = 51;
    static final int OPTION_OVERLOAD = 52;
    static final int OPTION_TYPE = 53;
    static final int OPTION_SERVER = 54;
    static final int OPTION_RENEWAL_SECONDS = 58;
    static final int OPTION_REBINDING_SECONDS = 59;
    static final int OPTION_END = 255;

    private static final int OVERLOADS_FILE = 1;
    private static final int OVERLOADS_SNAME = 2;
    private static final int SHIFT_OF_ADDRESS = 16;

    /** Options as they are found, in up to three places. */
    private static final class Options {
        private int type;
        private long requested;
        private long server;
        private int overload;

        /** Reads one place; returns false if an option runs over its end, or has a length that is not its own. */
        boolean read(ByteBuffer message, int from, int to) {
            int at = from;
            while (at < to) {
                int code = Byte.toUnsignedInt(message.get(at++));
                if (code == OPTION_END) {
                    return true;
                }
                if (code != OPTION_PAD) {
                    if (at == to) {
                        return false;
                    }
                    int length = Byte.toUnsignedInt(message.get(at++));
                    if (length > to - at || !take(message, code, at, length)) {
                        return false;
                    }
                    at += length;
                }
            }
            return true;
        }

        private boolean take(ByteBuffer message, int code, int at, int length) {
            switch (code) {
                case OPTION_TYPE -> {
                    type = length == Byte.BYTES ? message.get(at) : 0;
                    return length == Byte.BYTES;
                }
                case OPTION_OVERLOAD -> {
                    overload = length == Byte.BYTES ? message.get(at) : 0;
                    return length == Byte.BYTES;
                }
                case OPTION_REQUESTED -> {
                    requested = length == Integer.BYTES ? u32(message, at) : 0;
                    return length == Integer.BYTES;
                }
                case OPTION_SERVER -> {
                    server = length == Integer.BYTES ? u32(message, at) : 0;
                    return length == Integer.BYTES;
                }
                default -> {
                    return true;
                }
            }
        }
    }

    /**
     * Reads a message.
     *
     * @param message all of it, big-endian, from index 0 to its limit
     * @return empty if it is none of a client on this network
     */
    static Optional<DhcpMessage> parse(ByteBuffer message) {
        int end = message.limit();
        if (end < OPTIONS
                || message.get(OP) != BOOT_REQUEST
                || message.get(HARDWARE_TYPE) != ETHERNET
                || message.get(HARDWARE_BYTES) != ETHERNET_BYTES
                || message.getInt(COOKIE) != MAGIC
                // No relay agent is between us and a client.
                || message.getInt(GIADDR) != 0) {
            return Optional.empty();
        }
        Options options = new Options();
        boolean sound = options.read(message, OPTIONS, end)
                && ((options.overload & OVERLOADS_FILE) == 0 || options.read(message, FILE, COOKIE))
                && ((options.overload & OVERLOADS_SNAME) == 0 || options.read(message, SNAME, FILE));
        if (!sound) {
            return Optional.empty();
        }
        return Optional.of(new DhcpMessage(
                options.type,
                message.getInt(XID),
                (message.getShort(FLAGS) & BROADCAST_FLAG) != 0,
                u32(message, CIADDR),
                message.getLong(CHADDR) >>> SHIFT_OF_ADDRESS,
                options.requested,
                options.server));
    }

    private static long u32(ByteBuffer message, int at) {
        return Integer.toUnsignedLong(message.getInt(at));
    }
}
