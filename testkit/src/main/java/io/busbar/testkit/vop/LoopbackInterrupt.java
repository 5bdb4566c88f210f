package io.busbar.testkit.vop;

import io.busbar.api.vop.VopInterrupt;
import java.util.concurrent.locks.ReentrantLock;

/** A handler of one end. */
final class LoopbackInterrupt implements VopInterrupt {

    private final LoopbackEnd owner;
    private final int doorbell;
    private final LoopbackMeter meter;
    private final Runnable handler;
    private final ReentrantLock running = new ReentrantLock();
    private boolean closed;

    LoopbackInterrupt(LoopbackEnd owner, int doorbell, LoopbackMeter meter, Runnable handler) {
        this.owner = owner;
        this.doorbell = doorbell;
        this.meter = meter;
        this.handler = handler;
    }

    /** Calls the handler, on the end's thread. */
    void raise() {
        running.lock();
        try {
            if (!closed) {
                meter.interrupt();
                handler.run();
            }
        } finally {
            running.unlock();
        }
    }

    @Override
    public int doorbell() {
        return doorbell;
    }

    @Override
    public void close() {
        owner.forget(this);
        running.lock();
        try {
            closed = true;
        } finally {
            running.unlock();
        }
    }
}
