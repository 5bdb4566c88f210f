package io.busbar.devices.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Headers and frames as drivers and networks make them, and the plainest way to check them. */
final class Frames {

    static final long MAC = 0x5254_0012_3456L;
    static final long OTHER = 0x5254_0099_9999L;
    static final long MULTICAST = 0x0100_5e00_0001L;

    static final int NEEDS_CSUM = 1;
    static final int DATA_VALID = 2;
    static final int TCPV4 = 1;
    static final int UDP = 3;
    static final int TCPV6 = 4;
    static final int ECN = 0x80;

    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int CWR = 0x80;

    private Frames() {
    }

    static byte[] header() {
        return header(0, 0, 0, 0, 0, 0);
    }

    static byte[] header(int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset) {
        return ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) flags).put((byte) gsoType).putShort((short) hdrLen).putShort((short) gsoSize)
                .putShort((short) csumStart).putShort((short) csumOffset).array();
    }

    /** A header that asks for a checksum. */
    static byte[] checksumHeader(int csumStart, int csumOffset) {
        return header(NEEDS_CSUM, 0, 0, 0, csumStart, csumOffset);
    }

    static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** A frame of so many bytes that is no IP. */
    static byte[] frame(long destination, int length) {
        byte[] frame = random(length, length);
        MacAddress.put(destination, frame, 0);
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        return frame;
    }

    static byte[] tagged(long destination, int vlan, int length) {
        byte[] frame = frame(destination, length);
        ByteBuffer.wrap(frame).putShort(12, (short) 0x8100).putShort(14, (short) (0xe000 | vlan));
        return frame;
    }

    /** TCP over IPv4, with options in both headers, a field for the checksum that holds the sum of the pseudo header. */
    static byte[] tcp4(int flags, int sequence, byte[] data) {
        ByteBuffer frame = ByteBuffer.allocate(14 + 24 + 32 + data.length);
        ethernet(frame, 0x0800);
        frame.put((byte) 0x46).put((byte) 0).putShort((short) (24 + 32 + data.length));
        frame.putShort((short) 0xfffe).putShort((short) 0x4000).put((byte) 64).put((byte) 6).putShort((short) 0);
        frame.putInt(0x0a000001).putInt(0x0a0000fe).putInt(0x01010100);
        frame.putShort(14 + 10, (short) ~naiveSum(frame.array(), 14, 24, 0));
        tcp(frame, flags, sequence, 32, data);
        frame.putShort(14 + 24 + 16, (short) naiveSum(frame.array(), 14 + 12, 8, 6 + 32 + data.length));
        return frame.array();
    }

    static final int TCP4_HEADERS = 14 + 24 + 32;
    static final int TCP4_START = 14 + 24;

    /** TCP over IPv6, behind two VLAN tags, with a destination options header. */
    static byte[] tcp6(int flags, int sequence, byte[] data) {
        ByteBuffer frame = ByteBuffer.allocate(14 + 8 + 40 + 8 + 20 + data.length);
        ethernet(frame, 0x88a8);
        frame.putShort((short) 5).putShort((short) 0x8100).putShort((short) 6).putShort((short) 0x86dd);
        frame.putInt(0x60000000).putShort((short) (8 + 20 + data.length)).put((byte) 60).put((byte) 64);
        frame.put(random(32, 6));
        frame.put((byte) 6).put((byte) 0).put(new byte[] {1, 4, 0, 0, 0, 0});
        tcp(frame, flags, sequence, 20, data);
        frame.putShort(TCP6_START + 16, (short) naiveSum(frame.array(), 14 + 8 + 8, 32, 6 + 20 + data.length));
        return frame.array();
    }

    static final int TCP6_START = 14 + 8 + 40 + 8;
    static final int TCP6_HEADERS = TCP6_START + 20;

    private static void ethernet(ByteBuffer frame, int type) {
        MacAddress.put(MAC, frame.array(), 0);
        MacAddress.put(OTHER, frame.array(), 6);
        frame.position(12).putShort((short) type);
    }

    private static void tcp(ByteBuffer frame, int flags, int sequence, int headerBytes, byte[] data) {
        frame.putShort((short) 4000).putShort((short) 80).putInt(sequence).putInt(77);
        frame.put((byte) (headerBytes / 4 << 4)).put((byte) flags).putShort((short) 500);
        frame.putShort((short) 0).putShort((short) 0);
        frame.put(random(headerBytes - 20, 3)).put(data);
    }

    /** The sum of RFC 1071 word by word, from a first sum on. */
    static int naiveSum(byte[] bytes, int offset, int length, int first) {
        int sum = first;
        for (int i = 0; i < length; i += 2) {
            int high = bytes[offset + i] & 0xff;
            int low = i + 1 < length ? bytes[offset + i + 1] & 0xff : 0;
            sum += high << 8 | low;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
