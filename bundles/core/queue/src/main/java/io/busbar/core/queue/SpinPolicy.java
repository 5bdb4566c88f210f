package io.busbar.core.queue;

/**
 * How long a worker polls before it sleeps. Waking a thread costs tens of microseconds where a core has gone idle, so
 * polling briefly pays when work usually follows; where it does not, or no core is free, it only takes time from
 * others. So the policy learns: polls in vain make it skip polling for a growing number of sleeps, after each of which it
 * tries several times: a driver whose processor was idle meanwhile answers the first calls late, and in time once both sides
 * keep each other awake.
 *
 * <p>One thread.
 */
final class SpinPolicy {

    private static final int PATIENCE = 4;
    private static final int LONGEST_PAUSE = 256;

    private final long spinNanos;
    private int failures;
    private int pause;
    private int skip;

    /**
     * Makes a policy.
     *
     * @param spinNanos  how long to poll; 0 never polls
     * @param processors processors of the machine; with one there is nobody to wait for
     */
    SpinPolicy(long spinNanos, int processors) {
        this.spinNanos = processors > 1 ? spinNanos : 0;
    }

    /** Returns how long to poll before the sleep that is due now, nanoseconds. */
    long nextSpinNanos() {
        if (skip > 0) {
            skip--;
            return 0;
        }
        return spinNanos;
    }

    /** Work came while polling. */
    void succeeded() {
        failures = 0;
        pause = 0;
    }

    /** No work came while polling. */
    void failed() {
        if (++failures >= PATIENCE) {
            pause = Math.min(LONGEST_PAUSE, Math.max(1, pause * 2));
            skip = pause;
            failures = 0;
        }
    }
}
