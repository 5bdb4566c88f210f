package io.busbar.drivers.x100.link;

import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopInterrupt;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntBinaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Doorbells of one end, and the thread on which its handlers are called: there is one once there is a handler. */
final class Doorbells {

    private static final Logger LOG = LoggerFactory.getLogger(Doorbells.class);
    private static final long END_MILLIS = 5_000;
    /** Kept, as one that is made for each ring is an object for each. */
    private static final IntBinaryOperator OR = (now, bit) -> now | bit;

    private final String threadName;
    private final int count;
    private final int[] users;
    private final AtomicLongArray rung;
    private final AtomicInteger pending = new AtomicInteger();
    /** Replaced as a whole. */
    private volatile Handler[] handlers = {};
    private volatile Thread thread;
    private volatile boolean ended;

    /** A handler. */
    private final class Handler implements VopInterrupt {

        private final int doorbell;
        private final String user;
        private final Meter meter;
        private final Runnable action;
        private final ReentrantLock running = new ReentrantLock();
        private boolean closed;

        Handler(int doorbell, String user, Meter meter, Runnable action) {
            this.doorbell = doorbell;
            this.user = user;
            this.meter = meter;
            this.action = action;
        }

        private void call() {
            running.lock();
            try {
                if (!closed) {
                    meter.interrupt();
                    action.run();
                }
            } catch (RuntimeException | Error e) {
                // Also an error: the handler's bundle may be gone. The others are called all the same.
                LOG.warn("{}: the handler of {} at doorbell {}", threadName, user, doorbell, e);
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
            remove(this);
            running.lock();
            try {
                closed = true;
            } finally {
                running.unlock();
            }
        }
    }

    Doorbells(String threadName, int count) {
        this.threadName = threadName;
        this.count = count;
        users = new int[count];
        rung = new AtomicLongArray(count);
    }

    int count() {
        return count;
    }

    /** Returns one of those with the fewest handlers. */
    synchronized int next() {
        int least = 0;
        for (int i = 1; i < count; i++) {
            if (users[i] < users[least]) {
                least = i;
            }
        }
        return least;
    }

    VopInterrupt request(int doorbell, String user, Meter meter, Runnable action) throws VopException {
        if (doorbell < 0 || doorbell >= count) {
            throw new VopException(VopError.EINVAL, "doorbell " + doorbell + ": expected 0 to " + (count - 1));
        }
        Handler handler = new Handler(doorbell, user, meter, action);
        synchronized (this) {
            users[doorbell]++;
            if (thread == null && !ended) {
                thread = Thread.ofPlatform().daemon().name(threadName).start(this::run);
            }
        }
        add(handler);
        return handler;
    }

    /** Returns the users of a doorbell, for listings. */
    List<String> users(int doorbell) {
        return Arrays.stream(handlers).filter(handler -> handler.doorbell == doorbell).map(handler -> handler.user).toList();
    }

    long rung(int doorbell) {
        return rung.get(doorbell);
    }

    /** The other side has rung; any thread. */
    void ring(int doorbell) {
        rung.getAndIncrement(doorbell);
        if ((pending.getAndAccumulate(1 << doorbell, OR) & 1 << doorbell) == 0) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!ended) {
            int now = pending.getAndSet(0);
            if (now == 0) {
                LockSupport.park(this);
            }
            for (int left = now; left != 0; left &= left - 1) {
                call(Integer.numberOfTrailingZeros(left));
            }
        }
    }

    private void call(int doorbell) {
        for (Handler handler : handlers) {
            if (handler.doorbell == doorbell) {
                handler.call();
            }
        }
    }

    private synchronized void add(Handler handler) {
        Handler[] next = Arrays.copyOf(handlers, handlers.length + 1);
        next[handlers.length] = handler;
        handlers = next;
    }

    private synchronized void remove(Handler handler) {
        Handler[] next = Arrays.stream(handlers).filter(one -> one != handler).toArray(Handler[]::new);
        users[handler.doorbell] -= handlers.length - next.length;
        handlers = next;
    }

    /** Ends the thread and waits for its end, a few seconds at the most; not if it is the caller. */
    void close() {
        Thread running;
        synchronized (this) {
            ended = true;
            running = thread;
        }
        LockSupport.unpark(running);
        if (running != null && running != Thread.currentThread()) {
            try {
                running.join(END_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
