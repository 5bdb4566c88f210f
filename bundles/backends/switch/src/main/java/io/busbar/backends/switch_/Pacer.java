package io.busbar.backends.switch_;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;

/**
 * The clock of all networks, and who looks after frames that are held back: one thread, which sleeps while there is no
 * frame. The data path reads the time from here, as asking the machine for each frame would cost as much as the rest.
 */
final class Pacer implements AutoCloseable {

    /** Looks without progress after which nobody waits for a ring: 100 ms. Shorter, a busy machine would lose frames. */
    static final int PATIENCE = 20;

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long END_MILLIS = 2000;

    private final long origin = System.nanoTime();
    private final IntPredicate look;
    private final Thread thread;

    private volatile int seconds;

    /** Somebody asked for the time since this was last cleared. */
    private volatile boolean asked;

    /** The time stands still. */
    private volatile boolean asleep;

    /** Frames are held back. */
    private volatile boolean hurried;

    private volatile boolean closed;

    /**
     * Starts the clock.
     *
     * @param look looks after all networks, with the given patience; returns whether frames are held back still
     */
    Pacer(IntPredicate look) {
        this.look = look;
        thread = Thread.ofPlatform().name("busbar-switch-clock").daemon().start(this::run);
    }

    /** Returns seconds since it was started, a second late at the most. Any thread; allocates nothing. */
    int seconds() {
        if (!asked) {
            // Volatile, as is the read behind it: pairs with sleep, which stores that it sleeps and reads whether it may.
            asked = true;
            if (asleep) {
                seconds = time();
                LockSupport.unpark(thread);
            }
        }
        return seconds;
    }

    /** Frames are held back from now on. Any thread; allocates nothing. */
    void hurry() {
        if (!hurried) {
            hurried = true;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!closed) {
            seconds = time();
            if (hurried) {
                lookAfterHeld();
                LockSupport.parkNanos(this, LOOK_NANOS);
            } else if (asked) {
                asked = false;
                LockSupport.parkNanos(this, SECOND_NANOS);
            } else {
                sleep();
            }
        }
    }

    private void lookAfterHeld() {
        if (!look.test(PATIENCE)) {
            hurried = false;
            // One that came just before was not seen, and has not woken anybody.
            if (look.test(PATIENCE)) {
                hurried = true;
            }
        }
    }

    private void sleep() {
        asleep = true;
        if (!asked && !hurried && !closed) {
            LockSupport.park(this);
        }
        asleep = false;
    }

    private int time() {
        return (int) ((System.nanoTime() - origin) / SECOND_NANOS);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
