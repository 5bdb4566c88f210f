package io.busbar.core.linux;

import java.lang.management.ManagementFactory;

/** Measures what a piece of code allocates on the Java heap, in the thread that runs it. */
final class Allocation {
    private static final int CALLS = 100_000;
    private static final int MOST_ROUNDS = 5;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {
    }

    /**
     * Bytes that 10^5 calls allocate once compiled: the least of a few rounds, as a round in which the compiler replaces
     * the code runs a call or two of it interpreted, and those allocate. One allocation per call shows in every round.
     */
    static long ofManyCalls(Runnable code) {
        long least = Long.MAX_VALUE;
        repeat(code);
        for (int round = 0; round < MOST_ROUNDS && least > 0; round++) {
            least = Math.min(least, ofOneRound(code));
        }
        return least;
    }

    private static long ofOneRound(Runnable code) {
        long thread = Thread.currentThread().threadId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        long cost = THREADS.getThreadAllocatedBytes(thread) - before;
        before = THREADS.getThreadAllocatedBytes(thread);
        repeat(code);
        return THREADS.getThreadAllocatedBytes(thread) - before - cost;
    }

    private static void repeat(Runnable code) {
        for (int i = 0; i < CALLS; i++) {
            code.run();
        }
    }
}
