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
 */
final class NetHeader {

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

    /** Returns whether all of it is zero: a frame that is whole, and of which nothing is left to do or said. */
    boolean isEmpty() {
        return bytes.get(ValueLayout.JAVA_LONG, 0) == 0 && bytes.get(ValueLayout.JAVA_INT, Long.BYTES) == 0;
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
        bytes.fill((byte) 0);
    }

    void setFlags(int flags) {
        bytes.set(ValueLayout.JAVA_BYTE, FLAGS, (byte) flags);
    }

    void clearChecksum() {
        bytes.set(U16, CSUM_START, (short) 0);
        bytes.set(U16, CSUM_OFFSET, (short) 0);
    }

    void clearSegments() {
        bytes.set(ValueLayout.JAVA_BYTE, GSO_TYPE, (byte) VIRTIO_NET_HDR_GSO_NONE);
        bytes.set(U16, GSO_SIZE, (short) 0);
        setHeaderBytes(0);
    }

    void setHeaderBytes(int length) {
        bytes.set(U16, HDR_LEN, (short) length);
    }

    void setBuffers(int count) {
        bytes.set(U16, NUM_BUFFERS, (short) count);
    }
}
