package io.busbar.core.bus;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls that end something, into parts that others wrote, each on a thread of its own: one that takes too long is named and
 * goes on by itself, so that it holds up its own device and not the bus.
 */
final class PatientCalls {

    private static final Logger LOG = LoggerFactory.getLogger(PatientCalls.class);

    private final ChangeLock changes;
    private final Duration patience;

    /**
     * Makes them.
     *
     * @param changes  the change that they are part of
     * @param patience how long one may take
     */
    PatientCalls(ChangeLock changes, Duration patience) {
        this.changes = changes;
        this.patience = patience;
    }

    /** Returns how long one may take. */
    Duration patience() {
        return patience;
    }

    /**
     * Calls, and waits a while for the end.
     *
     * @param what for the log, such as {@code "unbinding disk0"}
     * @param call the call; what it throws is its own to catch
     */
    void call(String what, Runnable call) {
        Thread thread = Thread.ofPlatform().daemon().name("busbar-" + what.replace(' ', '-')).start(() -> changes.asPart(call));
        try {
            if (!thread.join(patience)) {
                LOG.error("{} takes longer than {} s: the bus goes on without waiting for it", what, patience.toSeconds());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
