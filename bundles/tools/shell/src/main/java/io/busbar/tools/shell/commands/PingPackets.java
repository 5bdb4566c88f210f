package io.busbar.tools.shell.commands;

import java.nio.ByteBuffer;

/** The frames of a ping over Ethernet: ARP (RFC 826) and ICMP echo (RFC 792) in IPv4 (RFC 791). All fields big-endian. */
final class PingPackets {

    static final int MAC_BYTES = 6;
    static final byte[] BROADCAST = {-1, -1, -1, -1, -1, -1};

    static final int TYPE = 12;
    static final int TYPE_ARP = 0x0806;
    static final int TYPE_IPV4 = 0x0800;

    /** In an ARP frame: what it is, sender's addresses, target's address. */
    static final int ARP_OPERATION = 20;
    static final int ARP_SENDER_MAC = 22;
    static final int ARP_SENDER = 28;
    static final int ARP_TARGET = 38;
    static final int ARP_BYTES = 42;
    static final int ARP_REQUEST = 1;
    static final int ARP_REPLY = 2;

    static final int IP = 14;
    static final int IP_SOURCE = 26;
    static final int IP_TARGET = 30;
    static final int ICMP = 34;
    static final int ICMP_ID = ICMP + 4;
    static final int ICMP_SEQUENCE = ICMP + 6;
    static final int ICMP_DATA = ICMP + 8;
    static final int ECHO_REQUEST = 8;
    static final int ECHO_REPLY = 0;

    private static final int LEAST_FRAME = 60;
    private static final int IP_PROTOCOL = 23;
    private static final int PROTOCOL_ICMP = 1;
    private static final int TIME_TO_LIVE = 64;
    private static final int IP_HEADER_BYTES = 20;
    private static final int VERSION_AND_LENGTH = 0x45;
    private static final int ETHERNET = 1;

    private PingPackets() {
    }

    /** Makes an ARP frame. */
    static ByteBuffer arp(int operation, byte[] mac, int sender, byte[] to, int target) {
        ByteBuffer frame = ByteBuffer.allocate(LEAST_FRAME);
        frame.put(to).put(mac).putShort((short) TYPE_ARP);
        frame.putShort((short) ETHERNET).putShort((short) TYPE_IPV4).put((byte) MAC_BYTES).put((byte) Integer.BYTES);
        frame.putShort((short) operation).put(mac).putInt(sender);
        frame.put(operation == ARP_REQUEST ? new byte[MAC_BYTES] : to).putInt(target);
        return frame.clear();
    }

    /** Makes an echo request with so many bytes of data, which count up. */
    static ByteBuffer echo(byte[] mac, int source, byte[] to, int target, int id, int sequence, int bytes) {
        ByteBuffer frame = ByteBuffer.allocate(Math.max(LEAST_FRAME, ICMP_DATA + bytes));
        frame.put(to).put(mac).putShort((short) TYPE_IPV4);
        frame.put((byte) VERSION_AND_LENGTH).put((byte) 0).putShort((short) (ICMP_DATA - IP + bytes)).putInt(0);
        frame.put((byte) TIME_TO_LIVE).put((byte) PROTOCOL_ICMP).putShort((short) 0).putInt(source).putInt(target);
        frame.putShort(IP + 10, (short) checksum(frame, IP, IP_HEADER_BYTES));
        frame.put((byte) ECHO_REQUEST).put((byte) 0).putShort((short) 0).putShort((short) id).putShort((short) sequence);
        for (int i = 0; i < bytes; i++) {
            frame.put((byte) i);
        }
        frame.putShort(ICMP + 2, (short) checksum(frame, ICMP, ICMP_DATA - ICMP + bytes));
        return frame.clear();
    }

    /** Returns whether a frame is an echo reply whose headers and checksum are right, with so many bytes of data. */
    static boolean isEchoReply(ByteBuffer frame, int bytes) {
        return frame.limit() >= ICMP_DATA + bytes
                && Short.toUnsignedInt(frame.getShort(TYPE)) == TYPE_IPV4
                && frame.get(IP) == VERSION_AND_LENGTH
                && frame.get(IP_PROTOCOL) == PROTOCOL_ICMP
                && frame.get(ICMP) == ECHO_REPLY
                && frame.getShort(IP + 2) == ICMP_DATA - IP + bytes
                && checksum(frame, ICMP, ICMP_DATA - ICMP + bytes) == 0;
    }

    /** The sum of RFC 1071; 0 over what has it already. */
    static int checksum(ByteBuffer frame, int from, int bytes) {
        int sum = 0;
        for (int i = 0; i < bytes; i++) {
            int value = Byte.toUnsignedInt(frame.get(from + i));
            sum += i % 2 == 0 ? value << Byte.SIZE : value;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }
}
