package io.busbar.core.bus;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One control op of a device at a time, and none once the device was removed. */
final class ControlLock {

    /** What is done under the lock. */
    @FunctionalInterface
    interface Op {
        void run() throws VdpaException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(ControlLock.class);

    private final String device;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean removed;

    ControlLock(String device) {
        this.device = device;
    }

    /**
     * Does it under the lock.
     *
     * @throws VdpaException what it throws, or ENODEV after {@link #remove()}
     */
    void run(Op op) throws VdpaException {
        checkThere(); // before it waits: an op that does not end may hold the lock for ever
        lock.lock();
        try {
            checkThere();
            op.run();
        } finally {
            lock.unlock();
        }
    }

    private void checkThere() throws VdpaException {
        if (removed) {
            throw new VdpaException(VdpaError.ENODEV, device + " was removed from the bus");
        }
    }

    /** Does it under the lock if nobody has it and the device is there; else not at all. */
    void runIfFree(Op op) throws VdpaException {
        if (lock.tryLock()) {
            try {
                if (!removed) {
                    op.run();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Lets no other op begin, and waits for the one that runs; an op that does not end is not waited for for ever. */
    void remove(Duration patience) {
        removed = true;
        try {
            if (lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                lock.unlock();
            } else {
                LOG.error("{}: an op takes longer than {} s: the device is removed without waiting for it",
                        device, patience.toSeconds());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    boolean removed() {
        return removed;
    }
}
