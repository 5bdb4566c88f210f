package io.busbar.core.linux;

import java.lang.management.ManagementFactory;

/** Measures what a piece of code allocates on the Java heap, in the thread that runs it. */
final class Allocation {
    private static final int CALLS = 100_000;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {
    }

    /** Bytes that 10^5 calls allocate after as many to warm up. */
    static long ofManyCalls(Runnable code) {
        repeat(code);
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
