package io.busbar.drivers.sim;

import java.util.function.BooleanSupplier;

/** Waits for what another thread does. */
final class Eventually {

    private static final long DEADLINE_NANOS = 60_000_000_000L;

    private Eventually() {}

    static void that(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within 60 s: " + what);
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
