package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * A message of a route netlink socket in native memory (netlink(7), rtnetlink(7)), while it is written or read:
 *
 * <pre>
 *   0 length (32 bits)  4 type (16)  6 flags (16)  8 sequence (32)  12 port (32)  16 fixed part, then attributes:
 *     0 length (16)  2 type (16)  4 value, the next one at a multiple of 4
 * </pre>
 * All numbers are in the machine's order. One thread.
 */
final class RouteMessage {
    static final int HEADER = 16;
    static final int ATTRIBUTE = 4;

    private static final int TYPE = 4;
    private static final int FLAGS = 6;
    private static final int SEQUENCE = 8;
    private static final int ALIGNMENT = 4;
    /** Bits of an attribute's type that are none: nested, in network order. */
    private static final int TYPE_MASK = 0x3fff;

    private final MemorySegment memory;

    RouteMessage(MemorySegment memory) {
        this.memory = memory;
    }

    MemorySegment memory() {
        return memory;
    }

    // Writing

    /** Begins a message whose fixed part has {@code fixed} bytes, zero. */
    void begin(int type, int flags, int sequence, int fixed) {
        memory.fill((byte) 0);
        memory.set(JAVA_INT_UNALIGNED, 0, HEADER + fixed);
        memory.set(JAVA_SHORT_UNALIGNED, TYPE, (short) type);
        memory.set(JAVA_SHORT_UNALIGNED, FLAGS, (short) flags);
        memory.set(JAVA_INT_UNALIGNED, SEQUENCE, sequence);
    }

    void putByte(int offset, int value) {
        memory.set(JAVA_BYTE, HEADER + offset, (byte) value);
    }

    void putInt(int offset, int value) {
        memory.set(JAVA_INT_UNALIGNED, HEADER + offset, value);
    }

    void addInt(int type, int value) {
        memory.set(JAVA_INT_UNALIGNED, addAttribute(type, Integer.BYTES), value);
    }

    void addBytes(int type, byte[] value) {
        MemorySegment.copy(value, 0, memory, JAVA_BYTE, addAttribute(type, value.length), value.length);
    }

    void addText(int type, String value) {
        addBytes(type, (value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    private int addAttribute(int type, int bytes) {
        int at = align(length(0));
        memory.set(JAVA_SHORT_UNALIGNED, at, (short) (ATTRIBUTE + bytes));
        memory.set(JAVA_SHORT_UNALIGNED, at + 2L, (short) type);
        memory.set(JAVA_INT_UNALIGNED, 0, at + ATTRIBUTE + bytes);
        return at + ATTRIBUTE;
    }

    // Reading

    /** The length of the message that begins at {@code at}. */
    int length(int at) {
        return memory.get(JAVA_INT_UNALIGNED, at);
    }

    int type(int at) {
        return Short.toUnsignedInt(memory.get(JAVA_SHORT_UNALIGNED, at + TYPE));
    }

    int sequence(int at) {
        return memory.get(JAVA_INT_UNALIGNED, at + SEQUENCE);
    }

    int intAt(int at) {
        return memory.get(JAVA_INT_UNALIGNED, at);
    }

    int byteAt(int at) {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, at));
    }

    String textAt(int at) {
        return memory.getString(at, StandardCharsets.UTF_8);
    }

    /**
     * Finds an attribute.
     *
     * @param from where the attributes begin
     * @param end  where they end
     * @param type which one
     * @return where it begins, or -1
     */
    int find(int from, int end, int type) {
        int at = from;
        while (at + ATTRIBUTE <= end) {
            int bytes = attributeLength(at);
            if (bytes < ATTRIBUTE) {
                return -1;
            }
            if ((memory.get(JAVA_SHORT_UNALIGNED, at + 2L) & TYPE_MASK) == type) {
                return at;
            }
            at += align(bytes);
        }
        return -1;
    }

    /** The length of the attribute that begins at {@code at}, its head with it. */
    int attributeLength(int at) {
        return Short.toUnsignedInt(memory.get(JAVA_SHORT_UNALIGNED, at));
    }

    static int align(int offset) {
        return offset + ALIGNMENT - 1 & -ALIGNMENT;
    }
}
