package io.busbar.backends.switch_.host;

import java.nio.ByteBuffer;

/** The checksum of IP, UDP and ICMP (RFC 1071): 16-bit words added in one's complement. */
final class Checksum {

    private static final int WORD = 0xffff;

    private Checksum() {}

    /**
     * Adds words up; an odd last byte counts as if a zero followed.
     *
     * @param bytes  big-endian
     * @param offset the first
     * @param length how many
     * @param start  a sum that goes before
     * @return the sum, below 2<sup>16</sup>
     */
    static int sum(ByteBuffer bytes, int offset, int length, int start) {
        long sum = start;
        int at = offset;
        for (; at + 1 < offset + length; at += Short.BYTES) {
            sum += Short.toUnsignedInt(bytes.getShort(at));
        }
        if (at < offset + length) {
            sum += Byte.toUnsignedInt(bytes.get(at)) << Byte.SIZE;
        }
        while (sum > WORD) {
            sum = (sum & WORD) + (sum >>> Short.SIZE);
        }
        return (int) sum;
    }

    /** Returns the checksum that makes a sum a whole one. */
    static short of(int sum) {
        return (short) ~sum;
    }

    /** Returns whether bytes that hold their checksum are as they were sent. */
    static boolean isWhole(int sum) {
        return sum == WORD;
    }
}
