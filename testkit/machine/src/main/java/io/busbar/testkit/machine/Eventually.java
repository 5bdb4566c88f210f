package io.busbar.testkit.machine;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for conditions that come true in other threads or processes. */
public final class Eventually {

    /** Longer than anything takes that goes well, on a machine with other work to do. */
    private static final Duration LONG = Duration.ofSeconds(60);

    private static final long PAUSE_NANOS = 500_000;

    private Eventually() {}

    /**
     * Waits up to a minute.
     *
     * @param condition is asked again and again
     * @param otherwise what the failure says
     */
    public static void that(BooleanSupplier condition, Supplier<String> otherwise) {
        long end = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(otherwise.get() + " (waited " + LONG.toSeconds() + " s)");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Waits until no thread of this process has a name that begins so. */
    public static void noThreadIsNamed(String beginning) {
        that(() -> threadsNamed(beginning) == 0, () -> threadsNamed(beginning) + " threads " + beginning + "...");
    }

    /** How many threads of this process have a name that begins so. */
    public static long threadsNamed(String beginning) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(beginning)).count();
    }
}
