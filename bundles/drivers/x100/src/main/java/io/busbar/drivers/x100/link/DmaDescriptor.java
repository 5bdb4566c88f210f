package io.busbar.drivers.x100.link;

/**
 * Descriptors of the DMA engine: 16 bytes, two little-endian words. Addresses are the card's; the host's memory is in the windows of
 * the {@link Smpt}.
 *
 * <pre>
 *  memory copy   0: source (bits 0-45), length / 64 (bits 46-63)   1: target (bits 0-45), type 1 (bits 60-63)
 *  status        0: value                                          1: target (bits 0-45), interrupt (bit 59), type 2 (bits 60-63)
 * </pre>
 */
public final class DmaDescriptor {

    /** Bytes of a descriptor. */
    public static final int BYTES = 16;

    /** What addresses and lengths of a copy are multiples of. */
    public static final int ALIGNMENT = 64;

    /** The type "memory copy". */
    public static final int COPY = 1;

    /** The type "status". */
    public static final int STATUS = 2;

    private static final int ALIGNMENT_SHIFT = 6;
    private static final int LENGTH_SHIFT = 46;
    private static final int TYPE_SHIFT = 60;
    private static final long INTERRUPT = 1L << 59;
    private static final long ADDRESS = (1L << LENGTH_SHIFT) - 1;

    private DmaDescriptor() {
    }

    /** Returns the first word of a copy. */
    public static long copySource(long source, long bytes) {
        return source | bytes >>> ALIGNMENT_SHIFT << LENGTH_SHIFT;
    }

    /** Returns the second word of a copy. */
    public static long copyTarget(long target) {
        return target | (long) COPY << TYPE_SHIFT;
    }

    /** Returns the second word of a status; the first is the value. */
    public static long statusTarget(long target, boolean interrupt) {
        return target | (long) STATUS << TYPE_SHIFT | (interrupt ? INTERRUPT : 0);
    }

    static int type(long second) {
        return (int) (second >>> TYPE_SHIFT);
    }

    static long address(long word) {
        return word & ADDRESS;
    }

    static long bytes(long first) {
        return first >>> LENGTH_SHIFT << ALIGNMENT_SHIFT;
    }

    static boolean interrupts(long second) {
        return (second & INTERRUPT) != 0;
    }
}
