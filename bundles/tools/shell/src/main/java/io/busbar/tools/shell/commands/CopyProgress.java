package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.CopyWatch;
import io.busbar.tools.shell.Output;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Says now and then how far the copy of a disk has come, on the standard error, until somebody cancels it, or nobody reads that any more. */
final class CopyProgress implements CopyWatch {

    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double MEBI = 1 << 20;

    private final Output output;
    private final String device;
    private long told = System.nanoTime();
    private volatile boolean cancelled;

    CopyProgress(Output output, String device) {
        this.output = output;
        this.device = device;
    }

    /** Has the copy end; any thread. */
    void cancel() {
        cancelled = true;
    }

    @Override
    public boolean goesOn(long copied, long left) {
        long now = System.nanoTime();
        if (now - told >= QUIET_NANOS && !cancelled) {
            told = now;
            output.err(String.format(Locale.ROOT, "%s: copied %.0f MiB, %.0f MiB are left (%d %%)%n", device, copied / MEBI,
                    left / MEBI, copied * 100 / Math.max(1, copied + left)));
        }
        return !cancelled && !output.isGone();
    }
}
