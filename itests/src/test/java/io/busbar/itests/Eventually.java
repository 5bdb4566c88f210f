package io.busbar.itests;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for conditions that come true in other processes or threads. */
public final class Eventually {
    private static final long POLL_MILLIS = 5;

    private Eventually() {}

    /**
     * @param deadline after which the test fails
     * @param condition is asked again and again
     * @param otherwise what the failure says
     */
    public static void within(Duration deadline, BooleanSupplier condition, Supplier<String> otherwise) {
        var end = System.nanoTime() + deadline.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(otherwise.get() + " (waited " + deadline.toMillis() + " ms)");
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted while waiting", e);
            }
        }
    }
}
