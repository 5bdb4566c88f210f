package io.busbar.backends.switch_.host;

import io.busbar.backends.switch_.frame.Ethernet;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the host answers to a frame: to ARP for its address, to ICMP echo, to DHCP; to all else nothing. Every length is
 * checked, every checksum that is filled in too. One thread.
 */
final class Responder {

    private static final int NETWORK = Ethernet.HEADER_BYTES;
    private static final int ADDRESS_SHIFT = 16;

    private static final int ARP_BYTES = 28;
    private static final int ARP_OPERATION = 6;
    private static final int ARP_SENDER = 8;
    private static final int ARP_SENDER_IP = 14;
    private static final int ARP_TARGET_IP = 24;
    private static final long ARP_ETHERNET_IPV4 = 0x0001_0800_0604L;
    private static final int ARP_REQUEST = 1;
    private static final int ARP_REPLY = 2;

    private static final int IP_BYTES = 20;
    private static final int IP_VERSION = 4;
    private static final int IP_VERSION_SHIFT = 4;
    private static final byte IP_FIRST_BYTE = 0x45;
    private static final int IP_TOTAL = 2;
    private static final int IP_FRAGMENT = 6;
    private static final int IP_FRAGMENT_MASK = 0x3fff;
    private static final int IP_TTL = 8;
    private static final int IP_PROTOCOL = 9;
    private static final int IP_CHECKSUM = 10;
    private static final int IP_SOURCE = 12;
    private static final int IP_DESTINATION = 16;
    private static final int WORD_BYTES = 4;
    private static final int DEFAULT_TTL = 64;
    private static final long LIMITED_BROADCAST = 0xffff_ffffL;

    private static final int ICMP = 1;
    private static final int ICMP_BYTES = 8;
    private static final int ICMP_ECHO = 8;
    private static final int ICMP_CHECKSUM = 2;

    private static final int UDP = 17;
    private static final int UDP_BYTES = 8;
    private static final int UDP_DESTINATION = 2;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;
    private static final int SERVER_PORT = 67;
    private static final int CLIENT_PORT = 68;

    private final long address;
    private final Subnet subnet;
    private final DhcpServer server;

    /** An IPv4 packet whose lengths and header are sound. */
    private record Packet(int protocol, long source, long destination, int transport, int end) {

        int bytes() {
            return end - transport;
        }
    }

    Responder(long address, Subnet subnet, DhcpServer server) {
        this.address = address;
        this.subnet = subnet;
        this.server = server;
    }

    /**
     * Answers a frame.
     *
     * @param frame   big-endian, from index 0 to its limit, without a tag
     * @param partial whether its transport checksum is not filled in
     * @param vlan    in which VLAN
     * @param port    slot of the port that it came from
     * @param now     seconds
     * @return a frame for that port
     */
    Optional<ByteBuffer> answer(ByteBuffer frame, boolean partial, int vlan, int port, long now) {
        if (frame.limit() < NETWORK) {
            return Optional.empty();
        }
        return switch (Short.toUnsignedInt(frame.getShort(Ethernet.TYPE))) {
            case Ethernet.TYPE_ARP -> arp(frame);
            case Ethernet.TYPE_IPV4 -> ip(frame, partial, vlan, port, now);
            default -> Optional.empty();
        };
    }

    private Optional<ByteBuffer> arp(ByteBuffer frame) {
        if (frame.limit() < NETWORK + ARP_BYTES
                || frame.getLong(NETWORK) >>> ADDRESS_SHIFT != ARP_ETHERNET_IPV4
                || frame.getShort(NETWORK + ARP_OPERATION) != ARP_REQUEST
                || u32(frame, NETWORK + ARP_TARGET_IP) != subnet.server()) {
            return Optional.empty();
        }
        ByteBuffer reply = ethernet(NETWORK + ARP_BYTES, addressAt(frame, NETWORK + ARP_SENDER), Ethernet.TYPE_ARP);
        reply.putShort((short) (ARP_ETHERNET_IPV4 >>> Integer.SIZE)).putInt((int) ARP_ETHERNET_IPV4);
        reply.putShort((short) ARP_REPLY);
        putAddress(reply, address).putInt((int) subnet.server());
        putAddress(reply, addressAt(frame, NETWORK + ARP_SENDER)).putInt(frame.getInt(NETWORK + ARP_SENDER_IP));
        return Optional.of(reply.flip());
    }

    private Optional<ByteBuffer> ip(ByteBuffer frame, boolean partial, int vlan, int port, long now) {
        Optional<Packet> packet = packet(frame);
        if (packet.isEmpty()) {
            return Optional.empty();
        }
        return switch (packet.get().protocol()) {
            case ICMP -> echo(frame, packet.get());
            case UDP -> dhcp(frame, packet.get(), partial, vlan, port, now);
            default -> Optional.empty();
        };
    }

    private static Optional<Packet> packet(ByteBuffer frame) {
        int there = frame.limit() - NETWORK;
        if (there < IP_BYTES || u8(frame, NETWORK) >>> IP_VERSION_SHIFT != IP_VERSION) {
            return Optional.empty();
        }
        int header = (u8(frame, NETWORK) & 0xf) * WORD_BYTES;
        int total = u16(frame, NETWORK + IP_TOTAL);
        if (header < IP_BYTES || total < header || total > there
                || (frame.getShort(NETWORK + IP_FRAGMENT) & IP_FRAGMENT_MASK) != 0
                || !Checksum.isWhole(Checksum.sum(frame, NETWORK, header, 0))) {
            return Optional.empty();
        }
        return Optional.of(new Packet(
                u8(frame, NETWORK + IP_PROTOCOL),
                u32(frame, NETWORK + IP_SOURCE),
                u32(frame, NETWORK + IP_DESTINATION),
                NETWORK + header,
                NETWORK + total));
    }

    private Optional<ByteBuffer> echo(ByteBuffer frame, Packet packet) {
        if (packet.destination() != subnet.server()
                || packet.bytes() < ICMP_BYTES
                || u8(frame, packet.transport()) != ICMP_ECHO
                || u8(frame, packet.transport() + 1) != 0
                || !Checksum.isWhole(Checksum.sum(frame, packet.transport(), packet.bytes(), 0))) {
            return Optional.empty();
        }
        ByteBuffer reply = packet(
                addressAt(frame, Ethernet.SOURCE), ICMP, subnet.server(), packet.source(), packet.bytes());
        int at = reply.position();
        reply.put(at, frame, packet.transport(), packet.bytes());
        reply.put(at, (byte) 0).putShort(at + ICMP_CHECKSUM, (short) 0);
        reply.putShort(at + ICMP_CHECKSUM, Checksum.of(Checksum.sum(reply, at, packet.bytes(), 0)));
        return Optional.of(reply.position(0));
    }

    private Optional<ByteBuffer> dhcp(
            ByteBuffer frame, Packet packet, boolean partial, int vlan, int port, long now) {
        int at = packet.transport();
        if (packet.bytes() < UDP_BYTES
                || packet.destination() != LIMITED_BROADCAST && packet.destination() != subnet.server()
                        && packet.destination() != subnet.broadcast()
                || u16(frame, at + UDP_DESTINATION) != SERVER_PORT) {
            return Optional.empty();
        }
        int length = u16(frame, at + UDP_LENGTH);
        boolean unchecked = partial || frame.getShort(at + UDP_CHECKSUM) == 0;
        if (length < UDP_BYTES || length > packet.bytes()
                || !unchecked && !Checksum.isWhole(udpSum(frame, at, length, packet.source(), packet.destination()))) {
            return Optional.empty();
        }
        ByteBuffer payload = frame.slice(at + UDP_BYTES, length - UDP_BYTES);
        // Without a relay the client is who sends the frame; so none can ask for addresses in the name of others.
        return DhcpMessage.parse(payload)
                .filter(message -> message.client() == addressAt(frame, Ethernet.SOURCE))
                .flatMap(message -> server.answer(message, vlan, port, now)
                        .map(answer -> datagram(message.client(), answer)));
    }

    private ByteBuffer datagram(long client, DhcpServer.Answer answer) {
        int length = UDP_BYTES + answer.message().remaining();
        long to = answer.broadcast() ? LIMITED_BROADCAST : answer.address();
        ByteBuffer reply =
                packet(answer.broadcast() ? Ethernet.BROADCAST : client, UDP, subnet.server(), to, length);
        int at = reply.position();
        reply.putShort((short) SERVER_PORT).putShort((short) CLIENT_PORT).putShort((short) length).putShort((short) 0);
        reply.put(answer.message());
        short checksum = Checksum.of(udpSum(reply, at, length, subnet.server(), to));
        reply.putShort(at + UDP_CHECKSUM, checksum == 0 ? (short) -1 : checksum);
        return reply.position(0);
    }

    private static int udpSum(ByteBuffer frame, int at, int length, long source, long destination) {
        int pseudo = (int) ((source >>> Short.SIZE) + (source & 0xffff) + (destination >>> Short.SIZE)
                + (destination & 0xffff) + UDP + length);
        return Checksum.sum(frame, at, length, pseudo);
    }

    /** Begins a frame with an IPv4 packet; its position is where the transport begins, its limit the frame's end. */
    private ByteBuffer packet(long to, int protocol, long source, long destination, int bytes) {
        ByteBuffer reply = ethernet(NETWORK + IP_BYTES + bytes, to, Ethernet.TYPE_IPV4);
        reply.put(NETWORK, IP_FIRST_BYTE);
        reply.putShort(NETWORK + IP_TOTAL, (short) (IP_BYTES + bytes));
        reply.put(NETWORK + IP_TTL, (byte) DEFAULT_TTL);
        reply.put(NETWORK + IP_PROTOCOL, (byte) protocol);
        reply.putInt(NETWORK + IP_SOURCE, (int) source);
        reply.putInt(NETWORK + IP_DESTINATION, (int) destination);
        reply.putShort(NETWORK + IP_CHECKSUM, Checksum.of(Checksum.sum(reply, NETWORK, IP_BYTES, 0)));
        return reply.position(NETWORK + IP_BYTES);
    }

    private ByteBuffer ethernet(int bytes, long to, int type) {
        ByteBuffer frame = ByteBuffer.allocate(bytes);
        putAddress(frame, to);
        putAddress(frame, address);
        return frame.putShort((short) type);
    }

    private static ByteBuffer putAddress(ByteBuffer frame, long address) {
        return frame.putShort((short) (address >>> Integer.SIZE)).putInt((int) address);
    }

    private static long addressAt(ByteBuffer frame, int at) {
        return (long) u16(frame, at) << Integer.SIZE | u32(frame, at + Short.BYTES);
    }

    private static int u8(ByteBuffer frame, int at) {
        return Byte.toUnsignedInt(frame.get(at));
    }

    private static int u16(ByteBuffer frame, int at) {
        return Short.toUnsignedInt(frame.getShort(at));
    }

    private static long u32(ByteBuffer frame, int at) {
        return Integer.toUnsignedLong(frame.getInt(at));
    }
}
