package io.busbar.backends.switch_.frame;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.StringJoiner;

/** The header of an Ethernet frame with IEEE 802.1Q tags, in private memory. Addresses are the low 48 bits of a long. */
public final class Ethernet {

    /** Bytes of the header: two addresses and the type. */
    public static final int HEADER_BYTES = 14;

    /** Bytes of an address. */
    public static final int ADDRESS_BYTES = 6;

    /** Bytes of a VLAN tag: its type and the control information. */
    public static final int TAG_BYTES = 4;

    /** Where the destination is. */
    public static final int DESTINATION = 0;

    /** Where the source is. */
    public static final int SOURCE = 6;

    /** Where the type is, or the tag. */
    public static final int TYPE = 12;

    /** The address of everybody. */
    public static final long BROADCAST = 0xffff_ffff_ffffL;

    /** The type of a VLAN tag. */
    public static final int TYPE_VLAN = 0x8100;

    /** The type of IPv4. */
    public static final int TYPE_IPV4 = 0x0800;

    /** The type of ARP. */
    public static final int TYPE_ARP = 0x0806;

    /** The type of IPv6. */
    public static final int TYPE_IPV6 = 0x86dd;

    /** The bits of a tag's control information that name the VLAN; the others are priority and drop eligibility. */
    public static final int VLAN_MASK = 0xfff;

    /** The VLANs that can be named: 1 to 4094 (IEEE 802.1Q, 9.6). */
    public static final int MAX_VLAN = 4094;

    /** A 16-bit word of a frame. */
    public static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** A 32-bit word of a frame. */
    public static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final long GROUP = 0x0100_0000_0000L;
    private static final long BRIDGE_GROUP = 0x0180_c200_0000L;
    private static final long LAST_OF_BRIDGE_GROUP = 0xfL;
    private static final int ADDRESS_BITS = 48;

    private Ethernet() {}

    /**
     * Reads an address. Two bytes after it must be readable too.
     *
     * @param memory where the frame is
     * @param offset where the address is
     */
    public static long address(MemorySegment memory, long offset) {
        return memory.get(U64, offset) >>> Short.SIZE;
    }

    /**
     * Writes an address.
     *
     * @param memory  where the frame is
     * @param offset  where the address goes
     * @param address the address
     */
    public static void putAddress(MemorySegment memory, long offset, long address) {
        memory.set(U16, offset, (short) (address >>> Integer.SIZE));
        memory.set(U32, offset + Short.BYTES, (int) address);
    }

    /**
     * Reads a 16-bit word.
     *
     * @param memory where the frame is
     * @param offset where the word is
     */
    public static int u16(MemorySegment memory, long offset) {
        return Short.toUnsignedInt(memory.get(U16, offset));
    }

    /**
     * Reads a byte.
     *
     * @param memory where the frame is
     * @param offset where the byte is
     */
    public static int u8(MemorySegment memory, long offset) {
        return Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, offset));
    }

    /** Returns whether an address is a group's: multicast or broadcast. */
    public static boolean isGroup(long address) {
        return (address & GROUP) != 0;
    }

    /** Returns whether an address can be a station's own. */
    public static boolean isStation(long address) {
        return address != 0 && !isGroup(address);
    }

    /**
     * Returns whether frames to an address end at the next bridge (IEEE 802.1Q, 8.6.3). Those of the spanning tree are not
     * among them: this switch takes no part in it, and whoever does must be able to find a loop through this switch.
     */
    public static boolean endsAtBridge(long address) {
        return address > BRIDGE_GROUP && address <= BRIDGE_GROUP + LAST_OF_BRIDGE_GROUP;
    }

    /** Returns an address as people write it. */
    public static String text(long address) {
        StringJoiner text = new StringJoiner(":");
        for (int shift = ADDRESS_BITS - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            text.add(String.format(Locale.ROOT, "%02x", address >>> shift & 0xff));
        }
        return text.toString();
    }
}
