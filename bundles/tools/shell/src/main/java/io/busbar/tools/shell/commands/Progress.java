package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Output;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Says now and then how far long work has come, on the standard error; at the end how long it took. */
final class Progress {

    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final double MEBI = 1 << 20;

    private final Output output;
    private final String what;
    private final long total;
    private final long begin = System.nanoTime();
    private long told = begin;
    private long done;

    /**
     * Begins.
     *
     * @param output where it is told
     * @param what   such as {@code "disk0: read"}
     * @param total  bytes
     */
    Progress(Output output, String what, long total) {
        this.output = output;
        this.what = what;
        this.total = total;
    }

    /** Takes note of so many bytes more. */
    void add(long bytes) {
        done += bytes;
        long now = System.nanoTime();
        if (now - told >= QUIET_NANOS && done < total) {
            told = now;
            output.err(String.format(Locale.ROOT, "%s: %.0f MiB of %.0f MiB (%d %%)%n", what, done / MEBI, total / MEBI,
                    done * 100 / total));
        }
    }

    /** Returns how many bytes were done. */
    long done() {
        return done;
    }

    /** Returns the seconds since the begin. */
    double seconds() {
        return (System.nanoTime() - begin) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    /** Returns a line about all of it. */
    String summary(long offset) {
        double seconds = seconds();
        return String.format(Locale.ROOT, "%s %d bytes at %d in %.3f s (%.1f MiB/s)%n", what, done, offset, seconds,
                done / MEBI / seconds);
    }
}
