package io.busbar.core.virtio.ring;

/**
 * What can be wrong with a queue or a chain, as negative codes: one code per malformed thing, so that each can be
 * counted and named.
 *
 * <p>Codes down to {@link #RING_LAST} break the queue: it must be stopped until it is set up again. Codes below it
 * concern one chain, which is handed over all the same so that its request can be failed.
 */
public final class RingFault {

    /** No fault. */
    public static final int NONE = 0;

    /** The available index moved by more than the queue size, or backwards. */
    public static final int AVAIL_INDEX_JUMP = -10;

    /** A head in the available ring is not below the queue size. */
    public static final int HEAD_OUT_OF_RANGE = -11;

    /** A head was made available again before its chain was used. */
    public static final int HEAD_TWICE = -12;

    /** A next field points outside its table. */
    public static final int NEXT_OUT_OF_RANGE = -13;

    /** A chain has more descriptors than its table has: it loops. */
    public static final int CHAIN_LOOP = -14;

    /** A chain that goes through an indirect table is longer than allowed. */
    public static final int CHAIN_TOO_LONG = -15;

    /** A device-readable descriptor follows a device-writable one. */
    public static final int READABLE_AFTER_WRITABLE = -16;

    /** An indirect descriptor without INDIRECT_DESC negotiated. */
    public static final int INDIRECT_NOT_NEGOTIATED = -17;

    /** An indirect descriptor that also has NEXT. */
    public static final int INDIRECT_WITH_NEXT = -18;

    /** An indirect table of 0 bytes, or not a multiple of 16. */
    public static final int INDIRECT_BAD_LENGTH = -19;

    /** An indirect table with more entries than a chain may have. */
    public static final int INDIRECT_TOO_LONG = -20;

    /** An indirect descriptor inside an indirect table. */
    public static final int INDIRECT_NESTED = -21;

    /** Driver side: the used index moved by more than what is outstanding. */
    public static final int USED_INDEX_JUMP = -30;

    /** Driver side: a used id is not below the queue size. */
    public static final int USED_ID_OUT_OF_RANGE = -31;

    /** Driver side: a used id names no outstanding chain. */
    public static final int USED_ID_NOT_OUTSTANDING = -32;

    /** Driver side: a used length is more than the chain's writable bytes. */
    public static final int USED_LENGTH_TOO_LARGE = -33;

    /** Driver side: with IN_ORDER, a used id is not among the next chains in order. */
    public static final int USED_OUT_OF_ORDER = -34;

    /** The last code that breaks a queue. */
    public static final int RING_LAST = -99;

    /** Chain: a buffer, or a part of it, is outside the driver's memory. */
    public static final int BUFFER_OUTSIDE_MEMORY = -100;

    /** Chain: address plus length of a buffer passes 2<sup>64</sup>. */
    public static final int BUFFER_WRAPS = -101;

    /** Chain: a device-writable buffer is in memory that the device must not write. */
    public static final int BUFFER_NOT_WRITABLE = -102;

    /** Chain: the indirect table is outside the driver's memory, so that nothing of the chain is known. */
    public static final int TABLE_OUTSIDE_MEMORY = -103;

    /** Chain: all buffers together are more than 2<sup>32</sup> bytes. */
    public static final int CHAIN_TOO_LARGE = -104;

    /** Chain: the buffers are in more pieces than a queue keeps room for. */
    public static final int CHAIN_TOO_SCATTERED = -105;

    private RingFault() {
    }

    /**
     * Tells whether a code breaks the queue.
     *
     * @param code one of the constants
     * @return true for a queue, false for a single chain and for {@link #NONE}
     */
    public static boolean breaksRing(int code) {
        return code < NONE && code >= RING_LAST;
    }

    /**
     * Describes a fault for a log or a status.
     *
     * @param code one of the constants
     * @return a sentence without its full stop
     */
    public static String describe(int code) {
        return switch (code) {
            case NONE -> "no fault";
            case AVAIL_INDEX_JUMP -> "the available index moved by more than the queue size, or backwards";
            case HEAD_OUT_OF_RANGE -> "a head in the available ring is not below the queue size";
            case HEAD_TWICE -> "a head was made available again before its chain was used";
            case NEXT_OUT_OF_RANGE -> "a next field points outside its descriptor table";
            case CHAIN_LOOP -> "a chain has more descriptors than its table: it loops";
            case CHAIN_TOO_LONG -> "a chain through an indirect table is longer than the limit";
            case READABLE_AFTER_WRITABLE -> "a device-readable descriptor follows a device-writable one";
            case INDIRECT_NOT_NEGOTIATED -> "an indirect descriptor, but INDIRECT_DESC was not negotiated";
            case INDIRECT_WITH_NEXT -> "an indirect descriptor also has NEXT";
            case INDIRECT_BAD_LENGTH -> "the length of an indirect table is 0 or not a multiple of 16";
            case INDIRECT_TOO_LONG -> "an indirect table has more entries than a chain may have";
            case INDIRECT_NESTED -> "an indirect descriptor inside an indirect table";
            case USED_INDEX_JUMP -> "the used index moved by more than what is outstanding";
            case USED_ID_OUT_OF_RANGE -> "a used id is not below the queue size";
            case USED_ID_NOT_OUTSTANDING -> "a used id names no outstanding chain";
            case USED_LENGTH_TOO_LARGE -> "a used length is more than the writable bytes of its chain";
            case USED_OUT_OF_ORDER -> "a used id is out of order, but IN_ORDER was negotiated";
            case BUFFER_OUTSIDE_MEMORY -> "a buffer is outside the driver's memory";
            case BUFFER_WRAPS -> "address plus length of a buffer passes the end of the address space";
            case BUFFER_NOT_WRITABLE -> "a device-writable buffer is in read-only memory";
            case TABLE_OUTSIDE_MEMORY -> "an indirect table is outside the driver's memory";
            case CHAIN_TOO_LARGE -> "a chain has more than 4 GiB of buffers";
            case CHAIN_TOO_SCATTERED -> "the buffers of a chain are in too many pieces";
            default -> "unknown ring fault " + code;
        };
    }
}
