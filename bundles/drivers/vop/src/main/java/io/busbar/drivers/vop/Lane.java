package io.busbar.drivers.vop;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that owns the rings of one device: sleeps until there is a kick, a doorbell or a step for it, and then takes a
 * turn. Methods are for any thread. Waking it and a turn allocate nothing.
 */
final class Lane implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
    private static final int WAKE = 0;
    private static final int KICK = 1;
    private static final long PATIENCE_SECONDS = 10;

    private final Epoll epoll;
    private final Fd wake;
    private final Runnable turn;
    private final Queue<FutureTask<?>> steps = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    private Lane(String name, Epoll epoll, Fd wake, Runnable turn) {
        this.epoll = epoll;
        this.wake = wake;
        this.turn = turn;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    /**
     * Starts it.
     *
     * @param name of the thread
     * @param turn what it does when it was woken
     */
    static Lane start(String name, Runnable turn) throws LinuxException {
        Epoll epoll = Epoll.create();
        Fd wake = null;
        boolean started = false;
        try {
            wake = EventFd.create();
            epoll.add(wake.number(), Epoll.EPOLLIN, WAKE);
            Lane lane = new Lane(name, epoll, wake, turn);
            lane.thread.start();
            started = true;
            return lane;
        } finally {
            if (!started) {
                epoll.close();
                if (wake != null) {
                    wake.close();
                }
            }
        }
    }

    /** Has it take a turn. */
    void wake() {
        EventFd.signal(wake.number());
    }

    /** Waits for a driver's eventfd, too: edge-triggered, so that no kick costs a read. */
    void watch(int descriptor) throws LinuxException {
        epoll.add(descriptor, Epoll.EPOLLIN | Epoll.EPOLLET, KICK);
    }

    void forget(int descriptor) {
        try {
            epoll.remove(descriptor);
        } catch (LinuxException closedAlready) {
            LOG.debug("{}: {}", thread.getName(), closedAlready.getMessage());
        }
    }

    /** Does a step between two turns; when the call returns it was done. Steps do not wait. */
    void run(Runnable step) {
        FutureTask<Void> task = new FutureTask<>(step, null);
        steps.add(task);
        wake();
        try {
            task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(thread.getName() + " failed", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException(thread.getName() + " does not come back", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(thread.getName() + " was not waited for", e);
        }
    }

    private void run() {
        while (!closed) {
            int events = epoll.await(-1);
            for (int i = 0; i < events; i++) {
                if (epoll.token(i) == WAKE) {
                    EventFd.drain(wake.number());
                }
            }
            for (FutureTask<?> step = steps.poll(); step != null; step = steps.poll()) {
                step.run();
            }
            try {
                turn.run();
            } catch (RuntimeException | Error e) {
                // A queue's faults are its own; this is one of ours, and the other queues go on.
                LOG.error("{} failed", thread.getName(), e);
            }
        }
        for (FutureTask<?> step = steps.poll(); step != null; step = steps.poll()) {
            step.run();
        }
        epoll.close();
        wake.close();
    }

    @Override
    public void close() {
        closed = true;
        wake();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
