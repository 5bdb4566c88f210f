package io.busbar.busdrivers.vop;

import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * The thread of one published device: everything that it does is done here, one turn after the other. It sleeps while there is
 * nothing to do. Who has something for it says so first and wakes it then; it forgets wake-ups first and looks then.
 */
final class Lane {

    /** From a turn: there may be more to do at once. */
    static final long AGAIN = 0;

    /** From a turn: nothing to do until somebody wakes the lane. */
    static final long SLEEP = Long.MAX_VALUE;

    /** From a turn: it was the last. */
    static final long END = -1;

    private final Thread thread;
    private final LongSupplier turn;
    private volatile boolean woken;

    /**
     * Makes a lane that does not run yet.
     *
     * @param name of its thread
     * @param turn returns {@link #AGAIN}, {@link #SLEEP}, {@link #END}, or how many nanoseconds to sleep at most
     */
    Lane(String name, LongSupplier turn) {
        this.turn = turn;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    /** Wakes it. Any thread; does not wait, allocates nothing. */
    void wake() {
        // Store-load: what the caller has for the lane is visible before this looks; pairs with the fence in the loop.
        VarHandle.fullFence();
        if (!woken) {
            woken = true;
            LockSupport.unpark(thread);
        }
    }

    private void loop() {
        long rest = AGAIN;
        while (rest != END) {
            woken = false;
            VarHandle.fullFence();
            rest = turn.getAsLong();
            if (rest > AGAIN && !woken) {
                LockSupport.parkNanos(this, rest);
            }
        }
    }
}
