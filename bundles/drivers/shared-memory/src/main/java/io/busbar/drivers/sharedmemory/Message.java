package io.busbar.drivers.sharedmemory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What one process says to the other.
 *
 * @param type    {@link #HELLO}, {@link #SHARE} or {@link #UNSHARE}
 * @param address of the memory, or the card's number
 * @param size    bytes of the memory, or the number of doorbells
 * @param offset  of the memory in its file
 * @param flags   what it is
 * @param name    of the card, up to 28 bytes
 */
record Message(int type, long address, long size, long offset, int flags, String name) {

    /** Bytes of a message. */
    static final int BYTES = 64;

    /** Who says it. */
    static final int HELLO = 1;

    /** Memory is there. */
    static final int SHARE = 2;

    /** Memory is not there any more. */
    static final int UNSHARE = 3;

    /** In HELLO: it is the host. */
    static final int HOST = 1;

    /** In HELLO: it is the card. */
    static final int CARD = 2;

    /** In SHARE: it may be written. */
    static final int WRITABLE = 1;

    /** In SHARE: it is the device page. */
    static final int PAGE = 2;

    /** The most bytes of a name. */
    static final int NAME_BYTES = 28;

    private static final int VERSION = 1;
    private static final int NAME = 36;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Writes it to the beginning of native memory. */
    void encode(MemorySegment target) {
        target.asSlice(0, BYTES).fill((byte) 0);
        target.set(INT, 0, type);
        target.set(INT, 4, VERSION);
        target.set(LONG, 8, address);
        target.set(LONG, 16, size);
        target.set(LONG, 24, offset);
        target.set(INT, 32, flags);
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(text, 0, target, ValueLayout.JAVA_BYTE, NAME, Math.min(text.length, NAME_BYTES));
    }

    /**
     * Reads one from the beginning of native memory.
     *
     * @throws IllegalArgumentException if it is of another version
     */
    static Message decode(MemorySegment source) {
        int version = source.get(INT, 4);
        if (version != VERSION) {
            throw new IllegalArgumentException("message of version " + version + ": expected " + VERSION);
        }
        byte[] text = source.asSlice(NAME, NAME_BYTES).toArray(ValueLayout.JAVA_BYTE);
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new Message(source.get(INT, 0), source.get(LONG, 8), source.get(LONG, 16), source.get(LONG, 24),
                source.get(INT, 32), new String(Arrays.copyOf(text, length), StandardCharsets.UTF_8));
    }
}
