package io.busbar.backends.switch_;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What one thread counts.
 *
 * <p>Assumptions: {@link #add} is called by one thread at a time. Guarantees: no count is lost; a reader sees each value
 * whole. Progress: wait-free.
 */
final class Counters {

    private static final VarHandle VALUE = MethodHandles.arrayElementVarHandle(long[].class);

    /** Longs before and after the values, so that the counters of two threads share no cache line. */
    private static final int PADDING = 16;

    private static final int COUNTS = Count.values().length;

    private final long[] values = new long[PADDING + COUNTS + PADDING];

    void add(Count count, long more) {
        int index = PADDING + count.ordinal();
        VALUE.setOpaque(values, index, (long) VALUE.getOpaque(values, index) + more);
    }

    /** As {@link #add}, from any number of threads. */
    void addShared(Count count, long more) {
        VALUE.getAndAdd(values, PADDING + count.ordinal(), more);
    }

    long get(Count count) {
        return (long) VALUE.getOpaque(values, PADDING + count.ordinal());
    }
}
