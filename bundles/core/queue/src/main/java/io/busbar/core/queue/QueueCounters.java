package io.busbar.core.queue;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a queue counts since its device was added. Written by the thread that owns the queue, read by any: opaque
 * accesses, so that a reader sees each value whole and soon, and the writer pays nothing.
 */
final class QueueCounters {

    static final int KICKS = 0;
    static final int CALLS = 1;
    static final int CHAINS = 2;
    static final int USED = 3;
    static final int FAULTS = 4;
    static final int BROKEN = 5;
    static final int MISUSED = 6;
    static final int RESUMED = 7;
    static final int FENCED = 8;
    static final int LATE = 9;
    static final int ABANDONED = 10;
    static final int EXCEPTIONS = 11;

    private static final String[] NAMES = {
        "kicks", "calls", "chains", "used chains", "memory faults", "broken", "backend misuses",
        "resumed chains", "fenced chains", "late completions", "abandoned threads",
        "backend exceptions"
    };
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] values = new long[NAMES.length];

    /** Adds to a counter; owner only. */
    void add(int counter, long amount) {
        ELEMENT.setOpaque(values, counter, values[counter] + amount);
    }

    /** Adds to a counter that no owner adds to; any thread. */
    void addShared(int counter, long amount) {
        ELEMENT.getAndAdd(values, counter, amount);
    }

    /** Returns a counter; any thread. */
    long get(int counter) {
        return (long) ELEMENT.getOpaque(values, counter);
    }

    /** Returns all by name; any thread. */
    Map<String, Long> toMap() {
        Map<String, Long> map = new LinkedHashMap<>();
        for (int i = 0; i < NAMES.length; i++) {
            map.put(NAMES[i], get(i));
        }
        return map;
    }
}
