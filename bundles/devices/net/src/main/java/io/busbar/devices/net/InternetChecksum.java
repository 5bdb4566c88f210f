package io.busbar.devices.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The checksum of IP, TCP and UDP (RFC 1071): the sum of 16-bit words in one's complement. Sums are kept as numbers below
 * 2<sup>16</sup>, as the words have them on the wire.
 */
final class InternetChecksum {

    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long LOW_HALF = 0xffff_ffffL;
    private static final int WORD = 0xffff;

    private InternetChecksum() {
    }

    /**
     * Sums bytes up; an odd last one counts as if a zero followed.
     *
     * @param memory where they are
     * @param offset the first
     * @param length how many
     * @return the sum
     */
    static int sum(MemorySegment memory, long offset, long length) {
        long sum = 0;
        long at = offset;
        long end = offset + length;
        // Words of either byte order sum up to the same, but for the order of the result's bytes.
        for (; end - at >= Long.BYTES; at += Long.BYTES) {
            long eight = memory.get(U64, at);
            sum += (eight & LOW_HALF) + (eight >>> Integer.SIZE);
        }
        for (; end - at >= Short.BYTES; at += Short.BYTES) {
            sum += Short.toUnsignedInt(memory.get(U16, at));
        }
        if (at < end) {
            sum += Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, at));
        }
        return Short.toUnsignedInt(Short.reverseBytes((short) fold(sum)));
    }

    /**
     * Adds sums up.
     *
     * @param one   a sum, or a word
     * @param other a sum, or a word
     * @return the sum
     */
    static int add(int one, int other) {
        return fold((long) one + other);
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded > WORD) {
            folded = (folded & WORD) + (folded >>> Short.SIZE);
        }
        return (int) folded;
    }

    /**
     * Returns the checksum of what was summed up. Never 0, which means none in UDP: the other zero of one's complement takes
     * its place.
     *
     * @param sum a sum
     */
    static int of(int sum) {
        int checksum = ~sum & WORD;
        return checksum == 0 ? WORD : checksum;
    }
}
