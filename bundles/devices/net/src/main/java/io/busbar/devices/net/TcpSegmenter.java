package io.busbar.devices.net;

import static io.busbar.devices.net.TcpFrame.U16;
import static io.busbar.devices.net.TcpFrame.U8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Cuts a frame of TCP that is longer than a segment, as a network card does (virtio 1.2, 5.1.6.2: what the driver would
 * have done without segmentation offload). Each segment has the headers of the whole with the lengths, the sequence number, the
 * flags, the identification of IPv4 and the checksums of its own. One thread at a time; the frame does not change.
 *
 * <p>What belongs to the end of the whole, FIN and PSH, is in the last segment alone; CWR, which announces a halved window
 * once (RFC 3168, 6.1.2), in the first alone.
 */
final class TcpSegmenter {

    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int MAX_IP_BYTES = 0xffff;
    private static final int IPV4_LENGTH = 2;
    private static final int IPV4_ID = 4;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV4_ADDRESSES_BYTES = 8;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_LENGTH = 4;
    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV6_ADDRESSES_BYTES = 32;
    private static final int PROTOCOL_TCP = 6;
    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_CHECKSUM = 16;
    private static final int FIN = 0x01;
    private static final int PSH = 0x08;
    private static final int CWR = 0x80;

    private final MemorySegment headers = Arena.ofAuto().allocate(TcpFrame.MAX_HEADERS, Long.BYTES);
    private final TcpFrame frame = new TcpFrame();
    private MemorySegment memory;
    private long start;
    private int dataBytes;
    private int segmentBytes;
    private int count;
    private int segment;

    /**
     * Begins with a frame.
     *
     * @param in     where it is
     * @param offset where it begins, at the destination address
     * @param length its bytes
     * @param size   the most bytes of data in a segment
     * @param ipv6   whether it is said to be IPv6, else IPv4
     * @return whether it can be cut: it is TCP over what it is said to be, and the size is above 0 and no more than IP can
     *         say
     */
    boolean begin(MemorySegment in, long offset, int length, int size, boolean ipv6) {
        if (size <= 0 || !frame.parse(in, offset, length) || frame.isIpv6() != ipv6) {
            return false;
        }
        memory = in;
        start = offset;
        dataBytes = length - frame.payload();
        segmentBytes = size;
        count = Math.max(1, (dataBytes + size - 1) / size);
        return frame.payload() - frame.network() + Math.min(size, dataBytes) <= MAX_IP_BYTES;
    }

    /** Returns how many segments there are, 1 and up. */
    int count() {
        return count;
    }

    /**
     * Makes a segment's headers.
     *
     * @param number 0 to {@code count() - 1}
     */
    void make(int number) {
        segment = number;
        MemorySegment.copy(memory, start, headers, 0, frame.payload());
        patchFlags();
        headers.set(U32, frame.transport() + TCP_SEQUENCE,
                headers.get(U32, frame.transport() + TCP_SEQUENCE) + number * segmentBytes);
        if (frame.isIpv6()) {
            headers.set(U16, frame.network() + IPV6_LENGTH, (short) (bytes() - frame.network() - IPV6_BYTES));
        } else {
            patchIpv4();
        }
        patchChecksum();
    }

    private void patchFlags() {
        int at = frame.transport() + TCP_FLAGS;
        int flags = Byte.toUnsignedInt(headers.get(U8, at));
        if (segment > 0) {
            flags &= ~CWR;
        }
        if (segment < count - 1) {
            flags &= ~(FIN | PSH);
        }
        headers.set(U8, at, (byte) flags);
    }

    private void patchIpv4() {
        int network = frame.network();
        headers.set(U16, network + IPV4_LENGTH, (short) (bytes() - network));
        headers.set(U16, network + IPV4_ID, (short) (headers.get(U16, network + IPV4_ID) + segment));
        headers.set(U16, network + IPV4_CHECKSUM, (short) 0);
        int sum = InternetChecksum.sum(headers, network, frame.transport() - network);
        headers.set(U16, network + IPV4_CHECKSUM, (short) ~sum);
    }

    private void patchChecksum() {
        int transport = frame.transport();
        headers.set(U16, transport + TCP_CHECKSUM, (short) 0);
        int sum = frame.isIpv6()
                ? InternetChecksum.sum(headers, frame.network() + IPV6_ADDRESSES, IPV6_ADDRESSES_BYTES)
                : InternetChecksum.sum(headers, frame.network() + IPV4_ADDRESSES, IPV4_ADDRESSES_BYTES);
        sum = InternetChecksum.add(sum, PROTOCOL_TCP);
        sum = InternetChecksum.add(sum, bytes() - transport);
        sum = InternetChecksum.add(sum, InternetChecksum.sum(headers, transport, headerBytes() - transport));
        sum = InternetChecksum.add(sum, InternetChecksum.sum(memory, dataOffset(), dataBytes()));
        headers.set(U16, transport + TCP_CHECKSUM, (short) InternetChecksum.of(sum));
    }

    /** Returns the headers of the segment at hand, from their first byte on. */
    MemorySegment headers() {
        return headers;
    }

    /** Returns the bytes of the headers; even lengths alone: the headers of TCP and IP are. */
    int headerBytes() {
        return frame.payload();
    }

    /** Returns where the segment's data begins in the frame's memory. */
    long dataOffset() {
        return start + frame.payload() + (long) segment * segmentBytes;
    }

    /** Returns the bytes of the segment's data. */
    int dataBytes() {
        return Math.min(segmentBytes, dataBytes - segment * segmentBytes);
    }

    /** Returns the bytes of the segment as a whole. */
    int bytes() {
        return headerBytes() + dataBytes();
    }
}
