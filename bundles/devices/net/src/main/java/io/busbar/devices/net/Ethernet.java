package io.busbar.devices.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The header of an Ethernet frame, in private memory. */
final class Ethernet {

    /** Bytes of the header: two addresses and the type. */
    static final int HEADER_BYTES = 14;

    /** Where the type is. */
    static final int TYPE = 12;

    /** Bytes of a VLAN tag, which stands before the type. */
    static final int TAG_BYTES = 4;

    /** The type of a VLAN tag. */
    static final int TYPE_VLAN = 0x8100;

    /** The type of a provider's VLAN tag. */
    static final int TYPE_PROVIDER_VLAN = 0x88a8;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int VLAN_MASK = 0xfff;

    private Ethernet() {
    }

    /**
     * Returns the destination of a frame that begins at an offset. Read in two parts, of which neither lies across two words of a
     * copy that was made a moment ago behind a header of 12 bytes: a processor has to wait for such a copy to reach its cache.
     */
    static long destination(MemorySegment memory, long offset) {
        return Integer.toUnsignedLong(memory.get(U32, offset)) << Short.SIZE
                | Short.toUnsignedLong(memory.get(U16, offset + Integer.BYTES));
    }

    /**
     * Returns the VLAN that a frame is tagged for, or 0.
     *
     * @param length bytes of the frame
     */
    static int vlan(MemorySegment memory, long offset, int length) {
        return length >= HEADER_BYTES + TAG_BYTES && Short.toUnsignedInt(memory.get(U16, offset + TYPE)) == TYPE_VLAN
                ? memory.get(U16, offset + HEADER_BYTES) & VLAN_MASK
                : 0;
    }

    /** Returns the bytes of the longest frame of an MTU: a tag does not count. */
    static int mostBytes(int mtu) {
        return HEADER_BYTES + TAG_BYTES + mtu;
    }
}
