package io.busbar.core.virtio.ring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The words of shared memory, little-endian, with the ordering of each access in its name.
 *
 * <p>An address is masked to 47 bits: it changes no address of user space, and it lets the compiler see that no access
 * is outside the unbounded segment, so that the check disappears. Plain accesses use unaligned layouts for the same
 * reason; all words here are aligned in fact, so each access is a single one. Forms that stop the JVM when the file
 * under a mapping is truncated are not used: no 16-bit release, volatile or opaque store, no compare-and-set, and no
 * int that is widened to long by the load.
 */
final class RingWords {

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16_PLAIN =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64_PLAIN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U16_HANDLE = U16.varHandle();

    /**
     * A 64-bit word, for loops whose speed must not depend on what the compiler has seen of them: what a handle does is
     * always compiled in, a method of this class only where it is called often. Use {@code get} and {@code set}, which
     * are plain, on an address masked with {@link #USER_SPACE}, or up to 8 more.
     */
    static final VarHandle U64 = U64_PLAIN.varHandle();

    /** Masks an address: that of user space stays as it is. */
    static final long USER_SPACE = Regions.HOST_END - 1;

    private RingWords() {
    }

    static int u16Plain(MemorySegment all, long address) {
        return Short.toUnsignedInt(all.get(U16_PLAIN, address & USER_SPACE));
    }

    static int u16Acquire(MemorySegment all, long address) {
        return Short.toUnsignedInt((short) U16_HANDLE.getAcquire(all, address & USER_SPACE));
    }

    static void putU16Plain(MemorySegment all, long address, int value) {
        all.set(U16_PLAIN, address & USER_SPACE, (short) value);
    }

    /** Stores an index after all earlier accesses; pairs with {@link #u16Acquire} of the other side. */
    static void putU16AfterRelease(MemorySegment all, long address, int value) {
        VarHandle.releaseFence();
        all.set(U16, address & USER_SPACE, (short) value);
    }

    static long u64Plain(MemorySegment all, long address) {
        return all.get(U64_PLAIN, address & USER_SPACE);
    }

    static void putU64Plain(MemorySegment all, long address, long value) {
        all.set(U64_PLAIN, address & USER_SPACE, value);
    }

    static int u8Plain(MemorySegment all, long address) {
        return Byte.toUnsignedInt(all.get(ValueLayout.JAVA_BYTE, address & USER_SPACE));
    }

    static void putU8Plain(MemorySegment all, long address, int value) {
        all.set(ValueLayout.JAVA_BYTE, address & USER_SPACE, (byte) value);
    }
}
