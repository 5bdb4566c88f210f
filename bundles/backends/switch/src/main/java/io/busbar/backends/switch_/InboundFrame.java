package io.busbar.backends.switch_;

import static io.busbar.core.virtio.net.NetHeaderLayout.CSUM_START;
import static io.busbar.core.virtio.net.NetHeaderLayout.FLAGS;
import static io.busbar.core.virtio.net.NetHeaderLayout.GSO_TYPE;
import static io.busbar.core.virtio.net.NetHeaderLayout.HDR_LEN;
import static io.busbar.core.virtio.net.NetHeaderLayout.NUM_BUFFERS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_NONE;

import io.busbar.api.backend.NetFrame;
import io.busbar.api.memory.Payload;
import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.frame.FlowHash;
import io.busbar.backends.switch_.frame.FrameQueue;
import io.busbar.core.virtio.net.NetHeaderLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A frame on its way from a driver into rings. Its first bytes are read once, judged, and written from private memory; the
 * rest is copied from the driver's memory once, and from ring to ring after that. So what was judged is what arrives,
 * whatever the driver writes meanwhile, and all copies are the same. One thread.
 */
final class InboundFrame {

    /** Bytes of a frame at the most, without a tag that is put in: 65 535 behind the header of a frame that is to be cut. */
    static final int MAX_BYTES = 65_550;

    /** What is read first: all headers up to TCP's ports, and short frames as a whole. */
    private static final int LEAD_BYTES = 128;

    private static final ValueLayout.OfShort LITTLE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAX_U16 = 0xffff;
    private static final int NO_FLOW = -1;

    private final MemorySegment lead = Arena.ofAuto().allocate(LEAD_BYTES, Long.BYTES);
    private Payload data;
    private MemorySegment header;
    private int length;
    private int known;
    private int control;
    private int tagBytes;
    private int vlan;
    private int flow;
    private MemorySegment restIn;
    private long restAt;

    /**
     * Reads the frame's beginning.
     *
     * @return false if the driver's memory is gone, or it is no frame: {@link #isMalformed}
     */
    boolean read(NetFrame frame) {
        data = frame.data();
        header = frame.header();
        length = (int) Math.min(data.remaining(), MAX_BYTES + 1);
        known = Math.min(length, LEAD_BYTES);
        control = PortVlans.NO_TAG;
        tagBytes = 0;
        flow = NO_FLOW;
        restIn = null;
        return !isMalformed() && data.copyTo(lead, 0, known) == known;
    }

    /** Returns whether its length is none of a frame's. */
    boolean isMalformed() {
        return length < Ethernet.HEADER_BYTES || length > MAX_BYTES;
    }

    /** Reads the tag, on a port that reads tags; returns false if it is cut off. */
    boolean readTag() {
        if (Ethernet.u16(lead, Ethernet.TYPE) != Ethernet.TYPE_VLAN) {
            return true;
        }
        if (length < Ethernet.HEADER_BYTES + Ethernet.TAG_BYTES) {
            return false;
        }
        control = Ethernet.u16(lead, Ethernet.HEADER_BYTES);
        tagBytes = Ethernet.TAG_BYTES;
        return true;
    }

    /** Returns the control information of the tag that was read, or {@link PortVlans#NO_TAG}. */
    int control() {
        return control;
    }

    /** Says in which VLAN it is. */
    void setVlan(int number) {
        vlan = number;
    }

    int vlan() {
        return vlan;
    }

    long destination() {
        return Ethernet.address(lead, Ethernet.DESTINATION);
    }

    long source() {
        return Ethernet.address(lead, Ethernet.SOURCE);
    }

    /** Returns its bytes as they came. */
    int length() {
        return length;
    }

    /** Returns its beginning, of which {@link #known} bytes are there. */
    MemorySegment lead() {
        return lead;
    }

    int known() {
        return known;
    }

    /** Returns where the type is behind the tag that was read. */
    int typeOffset() {
        return Ethernet.TYPE + tagBytes;
    }

    /** Returns the flow that it belongs to: 0 and up. */
    int flow() {
        if (flow == NO_FLOW) {
            flow = FlowHash.of(lead, known, typeOffset());
        }
        return flow;
    }

    /** Returns whether a tag can be put in or taken off: what the header says of the frame's bytes must move with them. */
    boolean canChangeTags() {
        if (!needsChecksum()) {
            return true;
        }
        int start = Short.toUnsignedInt(header.get(LITTLE, CSUM_START));
        return start >= Ethernet.HEADER_BYTES + tagBytes && start + Ethernet.TAG_BYTES <= MAX_U16;
    }

    private boolean needsChecksum() {
        return (header.get(ValueLayout.JAVA_BYTE, FLAGS) & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
    }

    /** Returns by how much it grows. */
    int growth(boolean withTag) {
        return (withTag ? Ethernet.TAG_BYTES : 0) - tagBytes;
    }

    /** Returns the bytes of its record. */
    int recordBytes(boolean withTag) {
        return NetHeaderLayout.BYTES + length + growth(withTag);
    }

    /**
     * Writes header and frame.
     *
     * @param ring     where to
     * @param position what was reserved
     * @param withTag  whether it goes out with a tag
     * @param buffers  what stands in the header as the number of buffers
     * @return false if the driver's memory is gone; nothing of the record may be used
     */
    boolean writeTo(FrameQueue ring, long position, boolean withTag, int buffers) {
        MemorySegment target = ring.memory();
        long at = ring.offset(position);
        MemorySegment.copy(header, 0, target, at, NetHeaderLayout.BYTES);
        target.set(LITTLE, at + NUM_BUFFERS, (short) buffers);
        int growth = growth(withTag);
        if (growth == 0) {
            MemorySegment.copy(lead, 0, target, at + NetHeaderLayout.BYTES, known);
            retag(target, at + NetHeaderLayout.BYTES + Ethernet.HEADER_BYTES);
        } else {
            shiftHeader(target, at, growth);
            writeLead(target, at + NetHeaderLayout.BYTES, withTag);
        }
        return writeRest(target, at + NetHeaderLayout.BYTES + known + growth);
    }

    /** Writes the frame as it came, behind what the caller writes in place of a header. */
    boolean writeAsItCame(FrameQueue ring, long position) {
        long at = ring.offset(position) + NetHeaderLayout.BYTES;
        MemorySegment.copy(lead, 0, ring.memory(), at, known);
        return writeRest(ring.memory(), at + known);
    }

    private void retag(MemorySegment target, long at) {
        if (tagBytes > 0) {
            target.set(Ethernet.U16, at, (short) (control & ~Ethernet.VLAN_MASK | vlan));
        }
    }

    private void writeLead(MemorySegment target, long start, boolean withTag) {
        MemorySegment.copy(lead, 0, target, start, Ethernet.TYPE);
        long at = start + Ethernet.TYPE;
        if (withTag) {
            int priority = control == PortVlans.NO_TAG ? 0 : control & ~Ethernet.VLAN_MASK;
            target.set(Ethernet.U16, at, (short) Ethernet.TYPE_VLAN);
            target.set(Ethernet.U16, at + Short.BYTES, (short) (priority | vlan));
            at += Ethernet.TAG_BYTES;
        }
        int from = typeOffset();
        MemorySegment.copy(lead, from, target, at, known - from);
    }

    private void shiftHeader(MemorySegment target, long at, int growth) {
        if (needsChecksum()) {
            shift(target, at + CSUM_START, growth);
        }
        if (header.get(ValueLayout.JAVA_BYTE, GSO_TYPE) != VIRTIO_NET_HDR_GSO_NONE
                && Short.toUnsignedInt(header.get(LITTLE, HDR_LEN)) >= Ethernet.HEADER_BYTES + tagBytes) {
            shift(target, at + HDR_LEN, growth);
        }
    }

    private static void shift(MemorySegment target, long field, int growth) {
        int value = Short.toUnsignedInt(target.get(LITTLE, field)) + growth;
        target.set(LITTLE, field, (short) Math.min(value, MAX_U16));
    }

    private boolean writeRest(MemorySegment target, long at) {
        int rest = length - known;
        if (rest > 0) {
            if (restIn == null) {
                if (data.copyTo(target, at, rest) != rest) {
                    return false;
                }
                restIn = target;
                restAt = at;
            } else {
                MemorySegment.copy(restIn, restAt, target, at, rest);
            }
        }
        return true;
    }

    /** Lets go of what belongs to the driver and to rings. */
    void end() {
        data = null;
        header = null;
        restIn = null;
    }
}
