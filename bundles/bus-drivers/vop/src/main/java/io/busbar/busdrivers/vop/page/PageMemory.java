package io.busbar.busdrivers.vop.page;

import io.busbar.core.linux.CurrentThread;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The bytes of a page, in the order in which the card sees them. A card that is another process can cut the page's file short: from
 * then on it reads as zeroes, and what is written to it is lost. Once that was found out nobody touches it: the error of an access may
 * come only after the access has returned. Safe for any thread.
 */
final class PageMemory {

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment page;
    private volatile boolean cutShort;

    PageMemory(MemorySegment page) {
        this.page = page;
    }

    /** Returns whether the page was found gone. */
    boolean isCutShort() {
        return cutShort;
    }

    /** As {@link #isCutShort}, for whoever had such an error and wants to know whether it was the page's. */
    boolean isFoundCutShort() {
        try {
            getByte(0);
            CurrentThread.throwPendingFault();
        } catch (InternalError _) {
            cutShort = true;
        }
        return cutShort;
    }

    /** Reads a byte, 0 to 255; what is read after it is not older. */
    int getByte(int at) {
        if (cutShort) {
            return 0;
        }
        // A plain access and a fence: of accesses with an order of their own not all can be caught when the memory is gone.
        try {
            int value = Byte.toUnsignedInt(page.get(BYTE, at));
            // Pairs with the card's write barrier before the byte by which it says something.
            VarHandle.acquireFence();
            return value;
        } catch (InternalError _) {
            cutShort = true;
            return 0;
        }
    }

    /** Writes a byte, after all that was written before it; and before anything is read behind it. */
    void putByte(int at, int value) {
        if (cutShort) {
            return;
        }
        try {
            // Pairs with the card's read barrier after this byte.
            VarHandle.releaseFence();
            page.set(BYTE, at, (byte) value);
            // Store-load: a type or an answer is there before it is looked whether somebody has to be told of it; pairs with the
            // card, which says its doorbell first and looks at the page then.
            VarHandle.fullFence();
        } catch (InternalError _) {
            cutShort = true;
        }
    }

    /** Reads 32 bits, in no order. */
    int getInt(int at) {
        if (cutShort) {
            return 0;
        }
        try {
            return page.get(INT, at);
        } catch (InternalError _) {
            cutShort = true;
            return 0;
        }
    }

    /** Reads 64 bits, in no order. */
    long getLong(int at) {
        if (cutShort) {
            return 0;
        }
        try {
            return page.get(LONG, at);
        } catch (InternalError _) {
            cutShort = true;
            return 0;
        }
    }

    /** Writes 64 bits, in no order. */
    void putLong(int at, long value) {
        if (cutShort) {
            return;
        }
        try {
            page.set(LONG, at, value);
        } catch (InternalError _) {
            cutShort = true;
        }
    }

    /** Writes bytes of an array from one of them on, in no order. */
    void put(int at, byte[] bytes, int from) {
        if (cutShort) {
            return;
        }
        try {
            MemorySegment.copy(bytes, from, page, BYTE, at, bytes.length - from);
        } catch (InternalError _) {
            cutShort = true;
        }
    }
}
