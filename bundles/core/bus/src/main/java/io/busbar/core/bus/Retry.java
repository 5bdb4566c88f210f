package io.busbar.core.bus;

import java.util.concurrent.TimeUnit;

/**
 * When something that was refused is tried again: after {@value #FIRST_SECONDS} s, and after twice as long each time up to
 * {@value #LAST_SECONDS} s. Times are those of a clock such as {@link System#nanoTime()}. Changed under the bus's lock of
 * changes, read without.
 */
final class Retry {

    private static final int FIRST_SECONDS = 1;
    private static final int LAST_SECONDS = 30;

    private record Due(long nanos) {}

    private long waitSeconds = FIRST_SECONDS;
    /** Null while nothing is to be tried again. */
    private volatile Due due;

    /** It was refused, for a reason that may pass by itself. */
    void later(long now) {
        due = new Due(now + TimeUnit.SECONDS.toNanos(waitSeconds));
        waitSeconds = Math.min(2 * waitSeconds, LAST_SECONDS);
    }

    /** It worked, or waits for something whose arrival is noticed. */
    void none() {
        due = null;
        waitSeconds = FIRST_SECONDS;
    }

    /** Returns whether it is time to try again. */
    boolean isDue(long now) {
        Due next = due;
        return next != null && now - next.nanos() >= 0;
    }
}
