package io.busbar.testkit.machine;

import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * Measures what code allocates on the Java heap once it is compiled: the least of several rounds, as a round in which code
 * is still interpreted, or compiled anew, allocates. One allocation per call shows in every round.
 */
public final class Allocation {

    private static final int CALLS = 100_000;

    /** On a machine with other work to do the compilers come late. */
    private static final Duration LONG = Duration.ofSeconds(40);

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /** Bytes that 10^5 calls allocate in this thread. */
    public static long ofManyCalls(Runnable code) {
        return leastOf(() -> {
            for (int i = 0; i < CALLS; i++) {
                code.run();
            }
        });
    }

    /** Bytes that a round of work, of many calls, allocates in this thread. */
    public static long leastOf(Runnable round) {
        return leastOf(Thread.currentThread(), round);
    }

    /** Bytes that are allocated in a thread during a round of work: the least of the rounds until one allocates nothing. */
    public static long leastOf(Thread thread, Runnable round) {
        long end = System.nanoTime() + LONG.toNanos();
        long least = Long.MAX_VALUE;
        while (least > 0 && System.nanoTime() - end < 0) {
            least = Math.min(least, ofOneRound(thread, round));
        }
        return least;
    }

    static long ofOneRound(Thread thread, Runnable round) {
        long id = thread.threadId();
        long before = THREADS.getThreadAllocatedBytes(id);
        long cost = THREADS.getThreadAllocatedBytes(id) - before;
        before = THREADS.getThreadAllocatedBytes(id);
        round.run();
        return THREADS.getThreadAllocatedBytes(id) - before - cost;
    }
}
