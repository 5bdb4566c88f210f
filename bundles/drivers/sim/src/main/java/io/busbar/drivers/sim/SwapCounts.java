package io.busbar.drivers.sim;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;

/**
 * The swaps of a device so far.
 *
 * @param swaps        how many
 * @param lastNanos    how long the last one held the queues up
 * @param longestNanos how long the longest one did
 */
record SwapCounts(long swaps, long lastNanos, long longestNanos) {

    static final SwapCounts NONE = new SwapCounts(0, 0, 0);

    private static final long NANOS_PER_MICRO = 1000;

    /** Returns these and one more. */
    SwapCounts and(long nanos) {
        return new SwapCounts(swaps + 1, nanos, Math.max(longestNanos, nanos));
    }

    void write(DataOutput out) throws IOException {
        out.writeLong(swaps);
        out.writeLong(lastNanos);
        out.writeLong(longestNanos);
    }

    static SwapCounts read(DataInput in) throws IOException {
        return new SwapCounts(in.readLong(), in.readLong(), in.readLong());
    }

    /** Adds them to what a device says of itself, if there were some. */
    void show(Map<String, String> details) {
        if (swaps > 0) {
            details.put("swaps", Long.toString(swaps));
            details.put("last_pause_us", Long.toString(lastNanos / NANOS_PER_MICRO));
            details.put("longest_pause_us", Long.toString(longestNanos / NANOS_PER_MICRO));
        }
    }
}
