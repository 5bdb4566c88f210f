package io.busbar.core.bus;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.concurrent.locks.ReentrantLock;

/** One control op of a device at a time, and none once the device was removed. */
final class ControlLock {

    /** What is done under the lock. */
    @FunctionalInterface
    interface Op {
        void run() throws VdpaException;
    }

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
        lock.lock();
        try {
            if (removed) {
                throw new VdpaException(VdpaError.ENODEV, device + " was removed from the bus");
            }
            op.run();
        } finally {
            lock.unlock();
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

    /** Waits for the op that runs, and lets no other begin. */
    void remove() {
        lock.lock();
        removed = true;
        lock.unlock();
    }

    boolean removed() {
        return removed;
    }
}
