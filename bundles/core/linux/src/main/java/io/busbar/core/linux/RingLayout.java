package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * Where the words of an io_uring are, as the kernel chose it: struct io_uring_params, 120 bytes.
 *
 * <pre>
 *   0 sq_entries   4 cq_entries   8 flags   20 features
 *  40 struct io_sqring_offsets: 0 head, 4 tail, 8 ring_mask, 12 ring_entries, 16 flags, 20 dropped, 24 array
 *  80 struct io_cqring_offsets: 0 head, 4 tail, 8 ring_mask, 12 ring_entries, 16 overflow, 20 cqes, 24 flags
 * </pre>
 *
 * Offsets are bytes from the start of the one mapping that holds both rings (IORING_FEAT_SINGLE_MMAP); source:
 * include/uapi/linux/io_uring.h.
 *
 * @param sqEntries entries of the submission queue, a power of two
 * @param cqEntries entries of the completion queue, a power of two
 * @param features  IORING_FEAT_ bits
 * @param sqHead    offset of the index up to which the kernel has consumed submissions
 * @param sqTail    offset of the index up to which we have produced them
 * @param sqArray   offset of the array of indices into the submission entries, 4 bytes each
 * @param cqHead    offset of the index up to which we have consumed completions
 * @param cqTail    offset of the index up to which the kernel has produced them
 * @param cqFlags   offset of the completion queue's flags
 * @param cqes      offset of the completion entries, {@value #CQE_BYTES} bytes each
 */
record RingLayout(int sqEntries, int cqEntries, int features, int sqHead, int sqTail, int sqFlags, int sqArray,
        int cqHead, int cqTail, int cqFlags, int cqes) {
    static final int PARAMS_BYTES = 120;
    static final int CQE_BYTES = 16;

    private static final int SQ_OFFSETS = 40;
    private static final int CQ_OFFSETS = 80;

    static RingLayout of(MemorySegment params) {
        return new RingLayout(params.get(JAVA_INT, 0), params.get(JAVA_INT, 4), params.get(JAVA_INT, 20),
                params.get(JAVA_INT, SQ_OFFSETS), params.get(JAVA_INT, SQ_OFFSETS + 4),
                params.get(JAVA_INT, SQ_OFFSETS + 16), params.get(JAVA_INT, SQ_OFFSETS + 24),
                params.get(JAVA_INT, CQ_OFFSETS), params.get(JAVA_INT, CQ_OFFSETS + 4),
                params.get(JAVA_INT, CQ_OFFSETS + 24), params.get(JAVA_INT, CQ_OFFSETS + 20));
    }

    long ringBytes() {
        return Math.max(sqArray + (long) sqEntries * Integer.BYTES, cqes + (long) cqEntries * CQE_BYTES);
    }
}
