package io.busbar.drivers.vhostuser;

import java.util.concurrent.TimeUnit;

/**
 * The configuration, checked.
 *
 * @param messageNanos how long the far process may take for one exchange of messages
 * @param drainNanos   how long a stop waits for requests in flight
 */
record Settings(long messageNanos, long drainNanos) {

    private static final int MOST_MILLIS = 600_000;

    /**
     * Checks the configuration.
     *
     * @throws IllegalArgumentException names the setting, its value and what was expected
     */
    static Settings of(VhostUserDriverConfig config) {
        return new Settings(
                nanos("messageTimeoutMillis", config.messageTimeoutMillis()),
                nanos("drainTimeoutMillis", config.drainTimeoutMillis()));
    }

    private static long nanos(String name, int millis) {
        if (millis < 1 || millis > MOST_MILLIS) {
            throw new IllegalArgumentException(name + " " + millis + ": expected 1 to " + MOST_MILLIS);
        }
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }
}
