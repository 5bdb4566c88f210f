package io.busbar.drivers.vhostuser;

import java.util.concurrent.TimeUnit;

/**
 * When the far process is tried again: at first soon, then after twice as long each time. One that stayed for a while
 * counts as well. Times are those of {@link System#nanoTime()}. Under the device's lock.
 */
final class BackOff {

    private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LAST_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long STAYED_NANOS = TimeUnit.SECONDS.toNanos(10);

    private long wait = FIRST_NANOS;
    private long due;
    private long came;

    /** It was connected. */
    void cameAt(long now) {
        came = now;
    }

    /** It has left: one that comes and goes is tried less and less often. */
    void leftAt(long now) {
        if (now - came > STAYED_NANOS) {
            wait = FIRST_NANOS;
        }
        failedAt(now);
    }

    /** It could not be connected. */
    void failedAt(long now) {
        due = now + wait;
        wait = Math.min(2 * wait, LAST_NANOS);
    }

    /** It is tried at once. */
    void now(long now) {
        due = now;
    }

    /** Returns how long to wait yet; 0 or less: try now. */
    long left(long now) {
        return due - now;
    }
}
