package io.busbar.tools.cardos.net;

import java.nio.ByteBuffer;

/**
 * The few frames that are spoken here: ARP for IPv4 (RFC 826) and ICMP echo (RFC 792) in IPv4 (RFC 791) without options or
 * fragments. Indices are from the frame's first byte, all fields big-endian.
 */
final class Frames {

    static final int MAC_BYTES = 6;
    static final int LEAST_BYTES = 60;
    static final int SOURCE_MAC = MAC_BYTES;
    static final int TYPE = 2 * MAC_BYTES;
    static final int HEADER_BYTES = TYPE + Short.BYTES;

    static final int IPV4 = 0x0800;
    static final int ARP = 0x0806;
    /** For experiments of whoever has the network (IEEE 802). */
    static final int LOCAL_EXPERIMENT = 0x88b5;

    static final int ARP_OPERATION = HEADER_BYTES + 6;
    static final int ARP_SENDER_MAC = HEADER_BYTES + 8;
    static final int ARP_SENDER = HEADER_BYTES + 14;
    static final int ARP_TARGET_MAC = HEADER_BYTES + 18;
    static final int ARP_TARGET = HEADER_BYTES + 24;
    static final int ARP_END = HEADER_BYTES + 28;
    static final short REQUEST = 1;
    static final short REPLY = 2;
    /** Ethernet, IPv4, and how long their addresses are. */
    private static final long ARP_KIND = 0x0001_0800_0604L;

    static final int IP_LENGTH = HEADER_BYTES + 2;
    private static final int IP_FRAGMENT = HEADER_BYTES + 6;
    private static final int IP_TIME_AND_PROTOCOL = HEADER_BYTES + 8;
    static final int IP_SUM = HEADER_BYTES + 10;
    static final int IP_SOURCE = HEADER_BYTES + 12;
    static final int IP_TARGET = HEADER_BYTES + 16;
    static final int ICMP = HEADER_BYTES + 20;
    static final int ICMP_SUM = ICMP + 2;
    static final int ICMP_ID = ICMP + 4;
    static final int ICMP_SEQUENCE = ICMP + 6;
    static final int ICMP_DATA = ICMP + 8;
    static final byte ECHO = 8;
    static final byte ECHO_REPLY = 0;
    private static final byte VERSION_AND_LENGTH = 0x45;
    private static final short TTL_64_ICMP = 0x4001;
    private static final int FRAGMENT_MASK = 0x3fff;
    private static final int SHORT_MASK = 0xffff;

    private Frames() {}

    static boolean isArp(ByteBuffer frame) {
        return frame.limit() >= ARP_END && type(frame) == ARP && frame.getLong(HEADER_BYTES) >>> Short.SIZE == ARP_KIND;
    }

    /** Returns whether it is a whole ICMP echo or echo reply, with both sums right. */
    static boolean isEcho(ByteBuffer frame) {
        if (frame.limit() < ICMP_DATA || type(frame) != IPV4 || frame.get(HEADER_BYTES) != VERSION_AND_LENGTH
                || (byte) frame.getShort(IP_TIME_AND_PROTOCOL) != (byte) TTL_64_ICMP
                || (frame.getShort(IP_FRAGMENT) & FRAGMENT_MASK) != 0) {
            return false;
        }
        int end = end(frame);
        return end >= ICMP_DATA && end <= frame.limit() && (frame.get(ICMP) == ECHO || frame.get(ICMP) == ECHO_REPLY)
                && sum(frame, HEADER_BYTES, ICMP) == 0 && sum(frame, ICMP, end) == 0;
    }

    /** Returns the index behind an IPv4 packet; what follows is padding. */
    static int end(ByteBuffer frame) {
        return HEADER_BYTES + Short.toUnsignedInt(frame.getShort(IP_LENGTH));
    }

    static int type(ByteBuffer frame) {
        return Short.toUnsignedInt(frame.getShort(TYPE));
    }

    static byte[] mac(ByteBuffer frame, int at) {
        byte[] mac = new byte[MAC_BYTES];
        frame.get(at, mac);
        return mac;
    }

    /** Asks who has an address; one that asks for its own announces it. */
    static ByteBuffer request(byte[] mac, int sender, int target) {
        ByteBuffer frame = ByteBuffer.allocate(LEAST_BYTES);
        frame.putInt(-1).putShort((short) -1).put(mac).putShort((short) ARP);
        frame.putLong(HEADER_BYTES, ARP_KIND << Short.SIZE | REQUEST);
        return frame.put(ARP_SENDER_MAC, mac).putInt(ARP_SENDER, sender).putInt(ARP_TARGET, target).clear();
    }

    /** Turns a request into its answer. */
    static ByteBuffer reply(ByteBuffer request, byte[] mac) {
        ByteBuffer frame = ByteBuffer.allocate(LEAST_BYTES).put(0, request, 0, ARP_END);
        int asked = request.getInt(ARP_TARGET);
        frame.put(0, request, ARP_SENDER_MAC, MAC_BYTES).put(SOURCE_MAC, mac).putShort(ARP_OPERATION, REPLY);
        frame.put(ARP_TARGET_MAC, request, ARP_SENDER_MAC, MAC_BYTES).putInt(ARP_TARGET, request.getInt(ARP_SENDER));
        return frame.put(ARP_SENDER_MAC, mac).putInt(ARP_SENDER, asked).clear();
    }

    /** Makes an echo whose data counts up. */
    static ByteBuffer echo(byte[] mac, int source, byte[] to, int target, int id, int sequence, int bytes) {
        ByteBuffer frame = ByteBuffer.allocate(Math.max(LEAST_BYTES, ICMP_DATA + bytes));
        frame.put(to).put(mac).putShort((short) IPV4).put(VERSION_AND_LENGTH);
        frame.putShort(IP_LENGTH, (short) (ICMP_DATA - HEADER_BYTES + bytes)).putShort(IP_TIME_AND_PROTOCOL, TTL_64_ICMP);
        frame.putInt(IP_SOURCE, source).putInt(IP_TARGET, target);
        frame.put(ICMP, ECHO).putShort(ICMP_ID, (short) id).putShort(ICMP_SEQUENCE, (short) sequence);
        for (int i = 0; i < bytes; i++) {
            frame.put(ICMP_DATA + i, (byte) i);
        }
        return summed(frame);
    }

    /** Turns an echo into its reply: sender and receiver change places. */
    static ByteBuffer echoReply(ByteBuffer echo, byte[] mac) {
        ByteBuffer frame = ByteBuffer.allocate(Math.max(LEAST_BYTES, end(echo))).put(0, echo, 0, end(echo));
        frame.put(0, echo, SOURCE_MAC, MAC_BYTES).put(SOURCE_MAC, mac).putShort(IP_TIME_AND_PROTOCOL, TTL_64_ICMP);
        frame.putInt(IP_SOURCE, echo.getInt(IP_TARGET)).putInt(IP_TARGET, echo.getInt(IP_SOURCE)).put(ICMP, ECHO_REPLY);
        return summed(frame);
    }

    private static ByteBuffer summed(ByteBuffer frame) {
        frame.putShort(IP_SUM, (short) 0).putShort(ICMP_SUM, (short) 0);
        frame.putShort(IP_SUM, (short) sum(frame, HEADER_BYTES, ICMP));
        return frame.putShort(ICMP_SUM, (short) sum(frame, ICMP, end(frame))).clear();
    }

    /** The sum of RFC 1071: 0 over what has the right one. */
    private static int sum(ByteBuffer frame, int from, int to) {
        long sum = 0;
        int at = from;
        while (at + 1 < to) {
            sum += Short.toUnsignedInt(frame.getShort(at));
            at += Short.BYTES;
        }
        if (at < to) {
            sum += Byte.toUnsignedInt(frame.get(at)) << Byte.SIZE;
        }
        sum = (sum & SHORT_MASK) + (sum >>> Short.SIZE);
        return (int) ~(sum + (sum >>> Short.SIZE)) & SHORT_MASK;
    }
}
