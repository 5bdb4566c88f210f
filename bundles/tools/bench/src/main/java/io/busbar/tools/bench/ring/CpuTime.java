package io.busbar.tools.bench.ring;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** CPU time of the calling thread: on a shared machine it says more than the wall clock. */
final class CpuTime {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private CpuTime() {
    }

    static long nanos() {
        return THREADS.getCurrentThreadCpuTime();
    }
}
