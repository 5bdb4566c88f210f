package io.busbar.devices.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Where the headers of a frame are that carries TCP over IPv4 or IPv6, also behind VLAN tags and IPv6 extensions. Found in
 * private memory; every length is checked. One thread at a time.
 */
final class TcpFrame {

    /** Bytes of all headers at the most; what has more is not taken for TCP. */
    static final int MAX_HEADERS = 256;

    static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;

    private static final int MAX_TAGS = 2;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int IPV4_BYTES = 20;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_NEXT = 6;
    private static final int EXTENSION_UNIT = 8;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION = 60;
    private static final int TCP = 6;
    private static final int TCP_BYTES = 20;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int WORD_BYTES = 4;
    private static final int NIBBLE = 4;

    private MemorySegment memory;
    private long start;
    private int available;
    private boolean ipv6;
    private int network;
    private int transport;
    private int payload;

    /**
     * Looks at a frame.
     *
     * @param in     where it is
     * @param offset where it begins
     * @param length how many of its bytes are there; all its headers must be
     * @return whether it is TCP
     */
    boolean parse(MemorySegment in, long offset, int length) {
        memory = in;
        start = offset;
        available = Math.min(length, MAX_HEADERS);
        int type = skipTags();
        return type == TYPE_IPV4 ? parseIpv4() : type == TYPE_IPV6 && parseIpv6();
    }

    private int skipTags() {
        int at = Ethernet.TYPE;
        for (int tags = 0; at + Short.BYTES <= available; tags++) {
            int type = u16(at);
            network = at + Short.BYTES;
            if (type != Ethernet.TYPE_VLAN && type != Ethernet.TYPE_PROVIDER_VLAN || tags == MAX_TAGS) {
                return type;
            }
            at += Ethernet.TAG_BYTES;
        }
        return -1;
    }

    private boolean parseIpv4() {
        ipv6 = false;
        if (network + IPV4_BYTES > available || u8(network) >>> NIBBLE != 4) {
            return false;
        }
        int header = (u8(network) & 0xf) * WORD_BYTES;
        transport = network + header;
        return header >= IPV4_BYTES
                && (u16(network + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) == 0
                && u8(network + IPV4_PROTOCOL) == TCP
                && parseTcp();
    }

    private boolean parseIpv6() {
        ipv6 = true;
        if (network + IPV6_BYTES > available || u8(network) >>> NIBBLE != 6) {
            return false;
        }
        int next = u8(network + IPV6_NEXT);
        transport = network + IPV6_BYTES;
        while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) {
            if (transport + EXTENSION_UNIT > available) {
                return false;
            }
            next = u8(transport);
            transport += (u8(transport + 1) + 1) * EXTENSION_UNIT;
        }
        return next == TCP && parseTcp();
    }

    private boolean parseTcp() {
        if (transport + TCP_BYTES > available) {
            return false;
        }
        int header = (u8(transport + TCP_DATA_OFFSET) >>> NIBBLE) * WORD_BYTES;
        payload = transport + header;
        return header >= TCP_BYTES && payload <= available;
    }

    private int u8(int at) {
        return Byte.toUnsignedInt(memory.get(U8, start + at));
    }

    private int u16(int at) {
        return Short.toUnsignedInt(memory.get(U16, start + at));
    }

    /** Returns whether it is IPv6, else IPv4. */
    boolean isIpv6() {
        return ipv6;
    }

    /** Returns where the IP header begins in the frame. */
    int network() {
        return network;
    }

    /** Returns where the TCP header begins. */
    int transport() {
        return transport;
    }

    /** Returns where the data begins, which is the length of all headers. */
    int payload() {
        return payload;
    }
}
