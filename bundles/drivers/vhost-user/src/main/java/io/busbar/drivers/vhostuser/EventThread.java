package io.busbar.drivers.vhostuser;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that waits for descriptors, and for a time. One per device: a far process that holds it up holds up nobody
 * else. A descriptor is reported as long as it is ready, and may be reported once more after {@link #forget}: who is told
 * looks by itself.
 *
 * <p>Any thread may call the methods. Reports allocate nothing.
 */
final class EventThread implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventThread.class);
    private static final long JOIN_MILLIS = 2_000;
    private static final long PAUSE_NANOS = 100_000_000;
    private static final int WAKE = 0;

    private final Epoll epoll;
    private final Fd wake;
    private final LongSupplier tick;
    private final Thread thread;
    /** By token; replaced as a whole. */
    private volatile Runnable[] handlers = {() -> {}};
    private volatile boolean closed;

    private EventThread(String name, Epoll epoll, Fd wake, LongSupplier tick) {
        this.epoll = epoll;
        this.wake = wake;
        this.tick = tick;
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    /**
     * Starts a thread.
     *
     * @param name of the thread
     * @param tick called before each wait; returns how long to wait at most, nanoseconds, negative for no limit
     */
    static EventThread start(String name, LongSupplier tick) throws LinuxException {
        Epoll epoll = Epoll.create();
        try {
            Fd wake = EventFd.create();
            epoll.add(wake.number(), Epoll.EPOLLIN, WAKE);
            EventThread events = new EventThread(name, epoll, wake, tick);
            events.thread.start();
            return events;
        } catch (LinuxException e) {
            epoll.close();
            throw e;
        }
    }

    /**
     * Reports a descriptor from now on.
     *
     * @param fd    stays open until it was forgotten
     * @param ready told on this thread while there is something to read
     */
    synchronized void watch(Fd fd, Runnable ready) throws LinuxException {
        int token = freeToken();
        Runnable[] next = Arrays.copyOf(handlers, Math.max(handlers.length, token + 1));
        next[token] = ready;
        handlers = next;
        try {
            epoll.add(fd.number(), Epoll.EPOLLIN, token);
        } catch (LinuxException e) {
            drop(ready);
            throw e;
        }
    }

    private int freeToken() {
        for (int i = WAKE + 1; i < handlers.length; i++) {
            if (handlers[i] == null) {
                return i;
            }
        }
        return handlers.length;
    }

    /** Reports a descriptor no more. */
    synchronized void forget(Fd fd, Runnable ready) {
        if (drop(ready)) {
            try {
                epoll.remove(fd.number());
            } catch (LinuxException closedAlready) {
                LOG.debug("{}: {}", thread.getName(), closedAlready.getMessage());
            }
        }
    }

    private boolean drop(Runnable ready) {
        Runnable[] next = handlers.clone();
        for (int i = 0; i < next.length; i++) {
            if (next[i] == ready) {
                next[i] = null;
                handlers = next;
                return true;
            }
        }
        return false;
    }

    /** Has the time looked at again. */
    void wake() {
        EventFd.signal(wake.number());
    }

    /** Ends the thread; does not wait long for one that is held up, which ends later. */
    @Override
    public void close() {
        closed = true;
        wake();
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed) {
            try {
                report(epoll.awaitNanos(tick.getAsLong()));
            } catch (RuntimeException | Error e) {
                // also an error: a fault in shared memory is one, and the device has to go on
                LOG.error("{} failed", thread.getName(), e);
                epoll.awaitNanos(PAUSE_NANOS); // a failure that stays does not take the processor
            }
        }
        epoll.close();
        wake.close();
    }

    private void report(int count) {
        for (int i = 0; i < count && !closed; i++) {
            int token = (int) epoll.token(i);
            if (token == WAKE) {
                EventFd.drain(wake.number());
                continue;
            }
            Runnable[] now = handlers;
            Runnable ready = token < now.length ? now[token] : null;
            if (ready != null) {
                ready.run();
            }
        }
    }
}
