package io.busbar.core.bus;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One change of a bus, or of what is made by one part of it, at a time. Who waits too long because a part does not return is
 * told which change is under way, instead of waiting for ever.
 */
final class ChangeLock {

    /** A change. */
    @FunctionalInterface
    interface Change {
        void run() throws VdpaException;
    }

    private final ReentrantLock lock = new ReentrantLock(true);
    private final String whose;
    private final Duration patience;
    private final ThreadLocal<String> part = new ThreadLocal<>();
    private volatile String doing = "";

    /**
     * Makes it.
     *
     * @param whose    for sentences, such as {@code "bus host"}
     * @param patience how long somebody waits
     */
    ChangeLock(String whose, Duration patience) {
        this.whose = whose;
        this.patience = patience;
    }

    /** Returns whether the caller is inside a change. */
    boolean isMine() {
        return lock.isHeldByCurrentThread() || part.get() != null;
    }

    /**
     * Runs what belongs to a change, without the lock or for another thread that has it: whoever it calls is inside that
     * change.
     *
     * @param what the change
     * @param call what is run
     */
    void asPart(String what, Change call) throws VdpaException {
        String outer = part.get();
        part.set(what);
        try {
            call.run();
        } finally {
            if (outer == null) {
                part.remove();
            } else {
                part.set(outer);
            }
        }
    }

    /**
     * Makes a change.
     *
     * @param what   for others who wait, such as {@code "dev add of disk0"}
     * @param change the change
     * @throws VdpaException what it throws; EBUSY if another change takes too long, or if the caller is inside one
     */
    void run(String what, Change change) throws VdpaException {
        if (isMine()) {
            throw busy(what + " from inside " + (part.get() == null ? doing : part.get()));
        }
        runInside(what, change);
    }

    /**
     * As {@link #run}, but does not wait.
     *
     * @throws VdpaException what it throws; EBUSY if another change is under way
     */
    void runAtOnce(String what, Change change) throws VdpaException {
        if (!lock.tryLock()) {
            throw busy(what + " has to wait for " + doing);
        }
        runLocked(what, change);
    }

    /** As {@link #run}, but may be called from inside a change: for parts that leave. */
    void runInside(String what, Change change) throws VdpaException {
        acquire(what);
        runLocked(what, change);
    }

    private void runLocked(String what, Change change) throws VdpaException {
        String outer = doing;
        doing = what;
        try {
            change.run();
        } finally {
            doing = outer;
            lock.unlock();
        }
    }

    private void acquire(String what) throws VdpaException {
        try {
            if (!lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw busy(what + " has to wait for " + doing + ", which takes longer than " + patience.toSeconds() + " s");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw busy(what + " was interrupted while it waited for " + doing);
        }
    }

    private VdpaException busy(String sentence) {
        return new VdpaException(VdpaError.EBUSY, Reason.IN_USE, whose + ": " + sentence, null);
    }
}
