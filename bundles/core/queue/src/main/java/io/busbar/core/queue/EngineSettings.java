package io.busbar.core.queue;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * What the engine is set to.
 *
 * @param spinNanos  how long a worker polls before it sleeps
 * @param drainNanos how long a stop waits for requests in flight
 * @param ioThreads  most I/O threads of one device
 * @param processors processors that there are
 * @param ownClasses whether each queue gets a class of its own, which is faster
 */
record EngineSettings(long spinNanos, long drainNanos, int ioThreads, int processors, boolean ownClasses) {

    static EngineSettings of(EngineConfiguration configuration) {
        return new EngineSettings(
                TimeUnit.MICROSECONDS.toNanos(inRange("spinMicros", configuration.spinMicros(), 0, 1_000)),
                TimeUnit.MILLISECONDS.toNanos(
                        inRange("drainTimeoutMillis", configuration.drainTimeoutMillis(), 1, 600_000)),
                inRange("ioThreads", configuration.ioThreads(), 1, 256),
                Runtime.getRuntime().availableProcessors(),
                configuration.ownClasses());
    }

    /** Returns how long a request may be in flight before it is reported; zero for as long as it likes. */
    static Duration overdue(EngineConfiguration configuration) {
        return Duration.ofSeconds(inRange("overdueSeconds", configuration.overdueSeconds(), 0, 86_400));
    }

    private static int inRange(String name, int value, int lowest, int highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(name + " " + value + ": expected " + lowest + " to " + highest);
        }
        return value;
    }
}
