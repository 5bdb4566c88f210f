package io.busbar.core.queue;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * What one queue has in flight for too long, seen from outside: whoever looks notes which slots are in use, and by which of their
 * uses; one that is in the same use at a later look has been so all the time. So a request costs its queue nothing but a count.
 *
 * <p>For the thread of the {@link Watchdog}.
 */
final class OverdueRequests {

    private ActiveQueue queue;
    private int[] uses = {};
    private long[] since = {};
    private QueueWorker caller;
    private int call;
    private long callSince;

    /**
     * Looks at a queue.
     *
     * @param now   the queue; null while there is none
     * @param nanos the time, as of {@link System#nanoTime()}
     * @param limit how long is too long, nanoseconds
     * @return what is too long in flight, as a sentence; empty if nothing is
     */
    String look(ActiveQueue now, long nanos, long limit) {
        if (now != queue) {
            begin(now);
        }
        if (now == null) {
            return "";
        }
        lookAtCall(now.worker(), nanos);
        String requests = now instanceof PushedQueue pushed ? requests(pushed, nanos, limit) : "";
        if (!requests.isEmpty()) {
            return requests;
        }
        return QueueWorker.isInside(call) && nanos - callSince > limit
                ? "thread " + now.worker().getName() + " is in the backend of queue " + now.index() + since(nanos - callSince)
                : "";
    }

    /** Returns the number of the call of the model that the queue's thread was in at two looks so far apart; 0 if there is none. */
    int longCall(long nanos, long limit) {
        return QueueWorker.isInside(call) && nanos - callSince >= limit ? call : 0;
    }

    private void begin(ActiveQueue now) {
        queue = now;
        int slots = now instanceof PushedQueue ? now.size() : 0;
        uses = new int[slots];
        since = new long[slots];
        call = 0;
    }

    private void lookAtCall(QueueWorker worker, long nanos) {
        int seen = worker.modelCalls();
        if (seen != call || worker != caller) {
            caller = worker;
            call = seen;
            callSince = nanos;
        }
    }

    private String requests(PushedQueue pushed, long nanos, long limit) {
        if (pushed.inFlight() == 0) {
            return "";
        }
        int overdue = 0;
        long oldest = 0;
        for (int slot = 0; slot < uses.length; slot++) {
            int use = pushed.use(slot);
            if (use == 0 || use != uses[slot]) {
                uses[slot] = use;
                since[slot] = nanos;
            } else if (nanos - since[slot] > limit) {
                overdue++;
                oldest = Math.max(oldest, nanos - since[slot]);
            }
        }
        return overdue == 0
                ? ""
                : overdue + (overdue == 1 ? " request" : " requests") + " of queue " + pushed.index() + " in flight"
                        + since(oldest);
    }

    private static String since(long age) {
        return " since " + Instant.now().minus(Duration.ofNanos(age)).truncatedTo(ChronoUnit.SECONDS);
    }
}
