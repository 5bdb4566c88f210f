package io.busbar.devices.block;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one queue did since the device was added.
 *
 * <p>Assumptions: {@link #add} is called by one thread at a time, the queue's owner; {@link #addShared} by any thread, for
 * another set of counters. Guarantees: no count is lost; a reader sees each value whole, and values of different
 * counters at slightly different times. Progress: wait-free.
 */
final class QueueCounters {

    private static final VarHandle VALUE = MethodHandles.arrayElementVarHandle(long[].class);

    /** Longs before and after the values, so that the counters of two queues share no cache line. */
    private static final int PADDING = 16;

    /** The counters, in the order in which they are shown. */
    enum Counter {
        READS("reads"),
        WRITES("writes"),
        FLUSHES("flushes"),
        DISCARDS("discards"),
        WRITE_ZEROES("write zeroes"),
        READ_BYTES("read bytes"),
        WRITTEN_BYTES("written bytes"),
        /** Requests that ended with IOERR; from any thread. */
        ERRORS("errors"),
        /** Requests that ended with UNSUPP; from any thread. */
        UNSUPPORTED("unsupported"),
        /** Chains that were no request, or whose status could not be written; from any thread. */
        MALFORMED("malformed"),
        /** Requests that their backend completed again; from any thread. */
        COMPLETED_TWICE("completed twice");

        private static final Counter[] ALL = values();

        private final String title;

        Counter(String title) {
            this.title = title;
        }
    }

    private final long[] values = new long[PADDING + Counter.ALL.length + PADDING];

    /** Adds to a counter that only the owner of the queue adds to. */
    void add(Counter counter, long count) {
        int index = PADDING + counter.ordinal();
        VALUE.setOpaque(values, index, (long) VALUE.getOpaque(values, index) + count);
    }

    /** Adds 1 to a counter that every thread adds to; returns what it was. */
    long addShared(Counter counter) {
        return (long) VALUE.getAndAdd(values, PADDING + counter.ordinal(), 1L);
    }

    Map<String, Long> snapshot() {
        Map<String, Long> snapshot = new LinkedHashMap<>();
        for (Counter counter : Counter.ALL) {
            snapshot.put(counter.title, (long) VALUE.getOpaque(values, PADDING + counter.ordinal()));
        }
        return Collections.unmodifiableMap(snapshot);
    }
}
