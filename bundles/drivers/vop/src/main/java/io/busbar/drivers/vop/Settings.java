package io.busbar.drivers.vop;

import java.time.Duration;

/**
 * How long the host may take.
 *
 * @param answer  for one step of a handshake
 * @param drain   for requests in flight to end when a queue is stopped
 */
record Settings(Duration answer, Duration drain) {

    private static final int MAX_MILLIS = 600_000;

    /**
     * Takes a configuration.
     *
     * @throws IllegalArgumentException if a value is out of its range; the message has it
     */
    static Settings of(VopConfig config) {
        return new Settings(millis("answerTimeoutMillis", config.answerTimeoutMillis()),
                millis("drainTimeoutMillis", config.drainTimeoutMillis()));
    }

    private static Duration millis(String setting, int value) {
        if (value < 1 || value > MAX_MILLIS) {
            throw new IllegalArgumentException(setting + " " + value + ": expected 1 to " + MAX_MILLIS);
        }
        return Duration.ofMillis(value);
    }
}
