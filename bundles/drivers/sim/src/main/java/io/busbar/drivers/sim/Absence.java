package io.busbar.drivers.sim;

import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The time for which a device is without its backend: since when, and what becomes of its requests. Changed under the lock of
 * the parts; told on any thread.
 */
final class Absence {

    private final HoldPolicy policy;
    private volatile Begin begin;
    private volatile boolean failing;

    /** When it began, by the clock that never goes back and by the user's. */
    private record Begin(long nanos, Instant time) {}

    Absence(HoldPolicy policy) {
        this.policy = policy;
    }

    HoldPolicy policy() {
        return policy;
    }

    /** The backend is away from now on, if it is not already. */
    void begin() {
        if (begin == null) {
            begin = new Begin(System.nanoTime(), Instant.now());
        }
    }

    /** A backend is there. */
    void end() {
        begin = null;
        failing = false;
    }

    /** Notes whether requests are failed now. */
    void failing(boolean now) {
        failing = now;
    }

    boolean isFailing() {
        return failing;
    }

    /** Returns whether it has lasted for as long as requests are held. */
    boolean isOver() {
        Begin began = begin;
        return began != null && policy.then() != HoldPolicy.Then.HOLD
                && System.nanoTime() - began.nanos() >= policy.after().toNanos();
    }

    /** Returns why the backend is away, with what follows from that; unchanged where no backend is missed. */
    Health tell(Health why) {
        Begin began = begin;
        if (began == null) {
            return why;
        }
        Instant then = began.time().plus(policy.after());
        if (failing) {
            return new Health(Reason.REQUESTS_FAIL, why.sentence() + "; requests fail since " + text(then));
        }
        String held = why.sentence() + "; requests are held since " + text(began.time());
        return new Health(why.reason(), switch (policy.then()) {
            case HOLD -> held;
            case FAIL -> held + ", and fail from " + text(then) + " on";
            case REMOVE -> held + ", and the device is removed at " + text(then);
        });
    }

    private static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
