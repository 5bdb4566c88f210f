package io.busbar.drivers.sim;

import io.busbar.api.vdpa.ConfigCallback;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the driver that the configuration changed, on another thread than the one that noticed. Any thread. */
final class Notifications {

    private static final Logger LOG = LoggerFactory.getLogger(Notifications.class);

    private final String device;
    private final Executor executor;
    private final AtomicInteger generation = new AtomicInteger();
    private final AtomicBoolean due = new AtomicBoolean();
    private volatile ConfigCallback callback;
    private volatile boolean held;

    Notifications(String device, Executor executor) {
        this.device = device;
        this.executor = executor;
    }

    void callback(ConfigCallback newCallback) {
        callback = newCallback;
    }

    /** Returns a count that grows with each change. */
    int generation() {
        return generation.get();
    }

    /** Goes on from the count of another process. */
    void goOn(int from) {
        generation.set(from);
    }

    /** The configuration has a new content: the generation grows first, then the driver is told. */
    void configChanged() {
        generation.incrementAndGet();
        tell();
    }

    /** The driver is to look at the status. */
    void tell() {
        if (held) {
            due.set(true);
            if (held) {
                return;
            }
            due.set(false);
        }
        ConfigCallback told = callback;
        if (told == null) {
            return;
        }
        try {
            executor.execute(() -> call(told));
        } catch (RejectedExecutionException _) {
            // The management device has gone, and its devices with it.
        }
    }

    /** Keeps what is to be told until {@link #release}: whoever notices something meanwhile has no time to wake another thread. */
    void hold() {
        held = true;
    }

    /** Tells what was to be told meanwhile. */
    void release() {
        held = false;
        if (due.getAndSet(false)) {
            tell();
        }
    }

    private void call(ConfigCallback told) {
        if (callback != told) {
            return;
        }
        try {
            told.configChanged();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: the config callback failed", device, thrown);
        }
    }
}
