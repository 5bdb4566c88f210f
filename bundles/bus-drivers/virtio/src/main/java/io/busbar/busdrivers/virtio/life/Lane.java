package io.busbar.busdrivers.virtio.life;

import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread of one driver, which sleeps while there is nothing to do.
 *
 * <p>No wake-up is lost: who has something to do for it says so first and wakes it then; it forgets wake-ups first and
 * looks then.
 */
public final class Lane {

    /** One turn of the lane. */
    @FunctionalInterface
    interface Turn {

        /** From {@link #turn}: there may be more to do at once. */
        long AGAIN = 0;

        /** From {@link #turn}: nothing to do until somebody wakes it. */
        long SLEEP = Long.MAX_VALUE;

        /**
         * Does what there is to do.
         *
         * @return {@link #AGAIN}, {@link #SLEEP}, or how many nanoseconds to sleep at most
         */
        long turn();
    }

    private final Thread thread;
    private final Turn turn;
    private volatile boolean woken;
    private volatile boolean ending;

    Lane(String name, Turn turn) {
        this.turn = turn;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    /** Wakes the lane. Any thread; does not wait, allocates nothing. */
    public void wake() {
        // Store-load: what the caller has for the lane is visible before it looks whether the lane is awake. Pairs with
        // the fence in the loop.
        VarHandle.fullFence();
        if (!woken) {
            woken = true;
            LockSupport.unpark(thread);
        }
    }

    /** Returns whether the caller runs on the lane. */
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Makes no further turn, and waits a while for the last one; returns whether that has ended. */
    boolean end(Duration patience) {
        ending = true;
        LockSupport.unpark(thread);
        try {
            return thread.getState() == Thread.State.NEW || isCurrent() || thread.join(patience);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void loop() {
        while (!ending) {
            woken = false;
            // Store-load: wake-ups are forgotten before the lane looks. Pairs with the fence in wake.
            VarHandle.fullFence();
            long rest = turn.turn();
            if (rest != Turn.AGAIN && !woken && !ending) {
                sleep(rest);
            }
        }
    }

    private void sleep(long nanos) {
        if (nanos == Turn.SLEEP) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
