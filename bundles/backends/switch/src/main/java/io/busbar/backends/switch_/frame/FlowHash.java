package io.busbar.backends.switch_.frame;

import java.lang.foreign.MemorySegment;

/**
 * Which flow a frame belongs to, as a number: the same for all frames of a flow, and for both of its directions.
 *
 * <p>The addresses of IPv4 and IPv6, and TCP's ports. Not those of UDP: of a datagram in fragments only the first has
 * ports, and a flow whose datagrams are not all in one piece must not be spread. Fragments of TCP, which hardly occur, and
 * IPv6 with extensions go by addresses. All else goes by the Ethernet addresses.
 */
public final class FlowHash {

    private static final int IPV4_BYTES = 20;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV4_SOURCE = 12;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_NEXT = 6;
    private static final int IPV6_SOURCE = 8;
    private static final int WORDS_OF_IPV6 = 4;
    private static final int TCP = 6;
    private static final int WORD_BYTES = 4;
    private static final int MIX = 0x9e37_79b9;

    private FlowHash() {}

    /**
     * Hashes a frame.
     *
     * @param memory private memory that holds the frame's beginning
     * @param bytes  how many bytes of it are there
     * @param type   where the type behind a VLAN tag of the switch is: 12 or 16
     * @return 0 and up
     */
    public static int of(MemorySegment memory, int bytes, int type) {
        int network = type + Short.BYTES;
        int protocol = network <= bytes ? Ethernet.u16(memory, type) : 0;
        if (protocol == Ethernet.TYPE_IPV4 && network + IPV4_BYTES <= bytes) {
            return mix(ofIpv4(memory, bytes, network));
        }
        if (protocol == Ethernet.TYPE_IPV6 && network + IPV6_BYTES <= bytes) {
            return mix(ofIpv6(memory, bytes, network));
        }
        long both = Ethernet.address(memory, Ethernet.DESTINATION) ^ Ethernet.address(memory, Ethernet.SOURCE);
        return mix((int) both ^ (int) (both >>> Integer.SIZE));
    }

    private static int ofIpv4(MemorySegment memory, int bytes, int network) {
        int hash = word(memory, network + IPV4_SOURCE) ^ word(memory, network + IPV4_SOURCE + WORD_BYTES);
        boolean fragment = (Ethernet.u16(memory, network + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0;
        if (fragment || Ethernet.u8(memory, network + IPV4_PROTOCOL) != TCP) {
            return hash;
        }
        int header = (Ethernet.u8(memory, network) & 0xf) * WORD_BYTES;
        return hash ^ ports(memory, bytes, network + Math.max(header, IPV4_BYTES));
    }

    private static int ofIpv6(MemorySegment memory, int bytes, int network) {
        int hash = 0;
        for (int i = 0; i < 2 * WORDS_OF_IPV6; i++) {
            hash ^= word(memory, network + IPV6_SOURCE + i * WORD_BYTES);
        }
        return Ethernet.u8(memory, network + IPV6_NEXT) == TCP
                ? hash ^ ports(memory, bytes, network + IPV6_BYTES)
                : hash;
    }

    private static int ports(MemorySegment memory, int bytes, int transport) {
        return transport + 2 * Short.BYTES > bytes
                ? 0
                : Ethernet.u16(memory, transport) ^ Ethernet.u16(memory, transport + Short.BYTES);
    }

    private static int word(MemorySegment memory, int offset) {
        return memory.get(Ethernet.U32, offset);
    }

    private static int mix(int hash) {
        int mixed = (hash ^ hash >>> Short.SIZE) * MIX;
        return (mixed ^ mixed >>> Short.SIZE) & Integer.MAX_VALUE;
    }
}
