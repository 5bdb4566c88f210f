package io.busbar.testkit.vop;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A thread of the link, which sleeps while there is nothing to do. Waking it allocates nothing, so that tests can count what others do. */
final class LoopbackThread {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Thread thread;
    private final BooleanSupplier turn;
    private volatile boolean woken;
    private volatile boolean ending;

    /**
     * Starts it.
     *
     * @param name for listings
     * @param turn does what there is to do; returns whether there may be more
     */
    LoopbackThread(String name, BooleanSupplier turn) {
        this.turn = turn;
        thread = Thread.ofPlatform().daemon().name(name).start(this::loop);
    }

    void wake() {
        woken = true;
        LockSupport.unpark(thread);
    }

    /** Has it end when there is nothing to do any more. */
    void close() {
        ending = true;
        LockSupport.unpark(thread);
        try {
            if (!thread.join(PATIENCE)) {
                throw new IllegalStateException(thread.getName() + " does not come back");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        while (true) {
            woken = false;
            if (turn.getAsBoolean()) {
                continue;
            }
            if (ending) {
                return;
            }
            if (!woken) {
                LockSupport.park(this);
            }
        }
    }
}
