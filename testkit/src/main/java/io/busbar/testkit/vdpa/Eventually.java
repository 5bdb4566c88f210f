package io.busbar.testkit.vdpa;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what other threads bring about. */
public final class Eventually {

    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(40);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private Eventually() {
    }

    /** Waits until something is so. */
    public static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within 40 s: " + what);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
