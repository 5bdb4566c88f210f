package io.busbar.tools.bench.block;

import java.util.Arrays;

/**
 * Counts of durations in buckets that grow with them: within 1/64 of the true value. Recording allocates nothing.
 *
 * <p>Values below 64 ns have a bucket each; above, each power of two is cut into 64.
 */
final class Histogram {

    private static final int SUB_BITS = 6;
    private static final int SUB = 1 << SUB_BITS;
    private static final int BUCKETS = (Long.SIZE - SUB_BITS) * SUB;

    private final long[] counts = new long[BUCKETS];
    private long total;

    void clear() {
        Arrays.fill(counts, 0);
        total = 0;
    }

    /** Counts a duration; a negative one as 0. */
    void record(long nanos) {
        counts[bucket(Math.max(0, nanos))]++;
        total++;
    }

    long total() {
        return total;
    }

    /**
     * Returns a percentile.
     *
     * @param percent above 0, up to 100
     * @return the least value of the bucket that it falls into, nanoseconds; 0 if nothing was counted
     */
    long percentile(double percent) {
        long rank = Math.max(1, (long) Math.ceil(total * percent / 100));
        long seen = 0;
        for (int i = 0; i < BUCKETS; i++) {
            seen += counts[i];
            if (seen >= rank) {
                return least(i);
            }
        }
        return 0;
    }

    private static int bucket(long value) {
        if (value < SUB) {
            return (int) value;
        }
        int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(value) - SUB_BITS;
        return (shift + 1) * SUB + (int) (value >>> shift) - SUB;
    }

    private static long least(int bucket) {
        if (bucket < SUB) {
            return bucket;
        }
        int shift = bucket / SUB - 1;
        return (long) (bucket % SUB + SUB) << shift;
    }
}
