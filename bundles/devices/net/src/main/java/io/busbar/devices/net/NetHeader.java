package io.busbar.devices.net;

import static io.busbar.core.virtio.net.NetHeaderLayout.CSUM_OFFSET;
import static io.busbar.core.virtio.net.NetHeaderLayout.CSUM_START;
import static io.busbar.core.virtio.net.NetHeaderLayout.FLAGS;
import static io.busbar.core.virtio.net.NetHeaderLayout.GSO_SIZE;
import static io.busbar.core.virtio.net.NetHeaderLayout.GSO_TYPE;
import static io.busbar.core.virtio.net.NetHeaderLayout.HDR_LEN;
import static io.busbar.core.virtio.net.NetHeaderLayout.NUM_BUFFERS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_NONE;

import io.busbar.core.virtio.net.NetHeaderLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header of a frame in private memory, judged and used from there. Its size is that of
 * {@link NetHeaderLayout#BYTES}: no feature that changes it is offered.
 *
 * <p>A field is set by writing the whole word that it is in, 8 bytes or the last 4, as copies read it: a load that needs the
 * bytes of two stores waits on most processors until both are in the cache, and with them all stores before.
 */
final class NetHeader {

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt HALF = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int FIRST = 0;
    private static final int LAST = Long.BYTES;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes;
    private final MemorySegment readOnly;

    /** A header with memory of its own. */
    NetHeader() {
        this(Arena.ofAuto().allocate(NetHeaderLayout.BYTES, Long.BYTES));
    }

    /** A header in front of others' memory. */
    NetHeader(MemorySegment memory) {
        bytes = memory.asSlice(0, NetHeaderLayout.BYTES);
        readOnly = bytes.asReadOnly();
    }

    /** Returns its memory, to be filled. */
    MemorySegment bytes() {
        return bytes;
    }

    /** Returns its memory, for others. */
    MemorySegment readOnly() {
        return readOnly;
    }

    /**
     * Returns whether all of it but the number of buffers is zero: a frame that is whole, and of which nothing is left to do or said.
     */
    boolean isEmpty() {
        return bytes.get(WORD, FIRST) == 0 && (short) bytes.get(HALF, LAST) == 0;
    }

    int flags() {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, FLAGS));
    }

    boolean needsChecksum() {
        return (flags() & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
    }

    int gsoType() {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, GSO_TYPE));
    }

    boolean isSegments() {
        return gsoType() != VIRTIO_NET_HDR_GSO_NONE;
    }

    int gsoSize() {
        return u16(GSO_SIZE);
    }

    int checksumStart() {
        return u16(CSUM_START);
    }

    /** Returns where in the frame the checksum goes. */
    int checksumField() {
        return u16(CSUM_START) + u16(CSUM_OFFSET);
    }

    private int u16(int field) {
        return Short.toUnsignedInt(bytes.get(U16, field));
    }

    /** Returns whether the checksum that it asks for lies inside a frame. */
    boolean checksumFits(long frameBytes) {
        return checksumField() + Short.BYTES <= frameBytes;
    }

    /** Asks for nothing. */
    void clear() {
        bytes.set(WORD, FIRST, 0);
        bytes.set(HALF, LAST, 0);
    }

    void setFlags(int flags) {
        setFirst(FLAGS, Byte.SIZE, flags);
    }

    void clearChecksum() {
        setFirst(CSUM_START, Short.SIZE, 0);
        setLast(CSUM_OFFSET, 0);
    }

    void clearSegments() {
        setFirst(GSO_TYPE, Byte.SIZE, VIRTIO_NET_HDR_GSO_NONE);
        setFirst(GSO_SIZE, Short.SIZE, 0);
        setHeaderBytes(0);
    }

    void setHeaderBytes(int length) {
        setFirst(HDR_LEN, Short.SIZE, length);
    }

    void setBuffers(int count) {
        setLast(NUM_BUFFERS, count);
    }

    private void setFirst(int field, int bits, long value) {
        int shift = Byte.SIZE * field;
        long mask = (1L << bits) - 1 << shift;
        bytes.set(WORD, FIRST, bytes.get(WORD, FIRST) & ~mask | value << shift & mask);
    }

    private void setLast(int field, int value) {
        int shift = Byte.SIZE * (field - LAST);
        int mask = 0xffff << shift;
        bytes.set(HALF, LAST, bytes.get(HALF, LAST) & ~mask | value << shift & mask);
    }
}
