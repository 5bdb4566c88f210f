package io.busbar.core.bus;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One change of a bus at a time. Who waits too long because a part does not return is told which change holds the bus,
 * instead of waiting for ever.
 */
final class ChangeLock {

    /** A change. */
    @FunctionalInterface
    interface Change {
        void run() throws VdpaException;
    }

    private final ReentrantLock lock = new ReentrantLock(true);
    private final String bus;
    private final Duration patience;
    private final ThreadLocal<Boolean> part = ThreadLocal.withInitial(() -> false);
    private volatile String doing = "";

    ChangeLock(String bus, Duration patience) {
        this.bus = bus;
        this.patience = patience;
    }

    /** Returns whether the caller is inside a change. */
    boolean isMine() {
        return lock.isHeldByCurrentThread() || part.get();
    }

    /** Runs what belongs to a change that another thread makes: whoever it calls is inside that change. */
    void asPart(Runnable call) {
        part.set(true);
        try {
            call.run();
        } finally {
            part.remove();
        }
    }

    /**
     * Makes a change.
     *
     * @param what   for others who wait, such as {@code "dev add of disk0"}
     * @param change the change
     * @throws VdpaException what it throws; EBUSY if the bus is held by another change for too long, or if the caller is
     *                       inside one
     */
    void run(String what, Change change) throws VdpaException {
        if (isMine()) {
            throw busy(what + " from inside " + doing);
        }
        runInside(what, change);
    }

    /** As {@link #run}, but may be called from inside a change: for parts that leave. */
    void runInside(String what, Change change) throws VdpaException {
        acquire(what);
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
        return new VdpaException(VdpaError.EBUSY, Reason.IN_USE, "bus " + bus + ": " + sentence, null);
    }
}
