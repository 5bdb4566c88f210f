package io.busbar.tools.bench.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * CPU time of another process, of all threads that it has or had: {@code utime} and {@code stime} of
 * {@code /proc/PID/stat}, which the kernel derives from its exact run times and rounds to 10 ms.
 */
final class ProcessCpu {

    private static final long NANOS_PER_TICK = 10_000_000;
    private static final int UTIME = 11;
    private static final int STIME = 12;

    private ProcessCpu() {
    }

    /** Returns nanoseconds since the process began. */
    static long nanos(long process) throws IOException {
        return nanos(Files.readString(Path.of("/proc", Long.toString(process), "stat")));
    }

    /** The second field is the program's name in parentheses, which can have anything in it. */
    static long nanos(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) * NANOS_PER_TICK;
    }
}
