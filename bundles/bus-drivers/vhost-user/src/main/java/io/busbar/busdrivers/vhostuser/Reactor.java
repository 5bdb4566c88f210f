package io.busbar.busdrivers.vhostuser;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.Comparator;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that waits for all descriptors of the bus driver, and its clock. What runs on it must not block.
 *
 * <p>Every method may be called from any thread. A watch is one-shot: after a report it is silent until
 * {@link Watch#rearm()}, so that at any time either the reactor or who got the report uses the descriptor.
 */
final class Reactor implements Executor, AutoCloseable {

    /** What to do when a descriptor is ready. */
    @FunctionalInterface
    interface Handler {

        /**
         * The descriptor is ready, or its peer has hung up. On the reactor's thread; must not block.
         *
         * @param watch silent until it is armed again
         */
        void ready(Watch watch);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Reactor.class);
    private static final long WAKE_TOKEN = 0;
    /** Times are compared as distances from here, as nanoTime may pass the end of its range. */
    private static final long ORIGIN = System.nanoTime();
    private static final long JOIN_MILLIS = 5_000;

    private final Epoll epoll;
    private final Fd wake;
    private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
    private final AtomicLong tokens = new AtomicLong(WAKE_TOKEN);
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong(t -> t.due - ORIGIN));
    private final Thread thread;
    private volatile boolean closed;

    private Reactor(Epoll epoll, Fd wake) {
        this.epoll = epoll;
        this.wake = wake;
        this.thread = new Thread(this::run, "busbar-vhost-user");
        thread.setDaemon(true);
    }

    /**
     * Starts the thread.
     *
     * @throws LinuxException if the descriptors that it needs cannot be had
     */
    static Reactor start() throws LinuxException {
        Epoll epoll = Epoll.create();
        Fd wake = null;
        try {
            wake = EventFd.create();
            epoll.add(wake.number(), Epoll.EPOLLIN, WAKE_TOKEN);
        } catch (LinuxException e) {
            epoll.close();
            if (wake != null) {
                wake.close();
            }
            throw e;
        }
        Reactor reactor = new Reactor(epoll, wake);
        reactor.thread.start();
        return reactor;
    }

    /**
     * Watches a descriptor for input and hang-up.
     *
     * @param fd      stays open until {@link Watch#cancel()} has returned
     * @param handler told once per arming
     */
    Watch watch(Fd fd, Handler handler) throws LinuxException {
        Watch watch = new Watch(this, fd, tokens.incrementAndGet(), handler);
        watches.put(watch.token, watch);
        try {
            epoll.add(fd.number(), Watch.EVENTS, watch.token);
        } catch (LinuxException e) {
            watches.remove(watch.token);
            throw e;
        }
        return watch;
    }

    /** Runs a task on the reactor's thread, soon. Dropped when the reactor is closed. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        EventFd.signal(wake.number());
    }

    /** Runs a task on the reactor's thread and waits for its end. Not for the reactor's own thread. */
    void call(Runnable task) {
        CountDownLatch done = new CountDownLatch(1);
        execute(() -> {
            try {
                task.run();
            } finally {
                done.countDown();
            }
        });
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                if (done.await(100, TimeUnit.MILLISECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true; // the reactor answers at once: nothing to break off
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Runs a task on the reactor's thread after a while.
     *
     * @param delayNanos how long to wait
     * @param task       what to run
     * @return cancels the timer
     */
    Timer schedule(long delayNanos, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + delayNanos, task);
        synchronized (timers) {
            timers.add(timer);
        }
        if (Thread.currentThread() != thread) {
            EventFd.signal(wake.number());
        }
        return timer;
    }

    /** Ends the thread; watches and timers are forgotten. */
    @Override
    public void close() {
        closed = true;
        EventFd.signal(wake.number());
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!thread.isAlive()) {
            epoll.close();
            wake.close();
        }
    }

    private void run() {
        while (!closed) {
            int count = epoll.awaitNanos(nanosToNextTimer());
            if (count < 0) {
                LOG.error("waiting for sockets failed with error {}: no device is served any more", -count);
                return;
            }
            for (int i = 0; i < count; i++) {
                dispatch(epoll.token(i));
            }
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                guarded(task);
            }
            runTimers();
        }
    }

    private void dispatch(long token) {
        if (token == WAKE_TOKEN) {
            EventFd.drain(wake.number());
            return;
        }
        Watch watch = watches.get(token);
        if (watch != null) {
            guarded(watch);
        }
    }

    private long nanosToNextTimer() {
        synchronized (timers) {
            Timer next = timers.peek();
            return next == null ? -1 : Math.max(0, next.due - System.nanoTime());
        }
    }

    private void runTimers() {
        for (Timer timer = nextDue(); timer != null; timer = nextDue()) {
            guarded(timer.task);
        }
    }

    private Timer nextDue() {
        synchronized (timers) {
            Timer next = timers.peek();
            return next != null && next.due - System.nanoTime() <= 0 ? timers.poll() : null;
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            // also an error: the one thread of all sockets has to go on, whatever a device's code does
            LOG.error("a task of the socket thread failed", e);
        }
    }

    /** A task with a time. */
    final class Timer {
        private final long due;
        private final Runnable task;

        private Timer(long due, Runnable task) {
            this.due = due;
            this.task = task;
        }

        /** Forgets the task, unless it runs already. */
        void cancel() {
            synchronized (timers) {
                timers.remove(this);
            }
        }
    }

    /** A descriptor that is watched. */
    static final class Watch implements Runnable {
        private static final int EVENTS = Epoll.EPOLLIN | Epoll.EPOLLRDHUP | Epoll.EPOLLONESHOT;

        private final Reactor reactor;
        private final Fd fd;
        private final long token;
        private final Handler handler;

        private Watch(Reactor reactor, Fd fd, long token, Handler handler) {
            this.reactor = reactor;
            this.fd = fd;
            this.token = token;
            this.handler = handler;
        }

        /** Tells the handler; for the reactor. */
        @Override
        public void run() {
            handler.ready(this);
        }

        /** Asks for the next report. Does nothing after {@link #cancel()}. */
        void rearm() {
            if (!reactor.watches.containsKey(token)) {
                return;
            }
            try {
                reactor.epoll.modify(fd.number(), EVENTS, token);
            } catch (LinuxException e) {
                LOG.error("{} cannot be watched any more", fd, e);
            }
        }

        /** Ends the watch; when the call returns its handler does not run and will not. The descriptor stays open. */
        void cancel() {
            if (Thread.currentThread() == reactor.thread) {
                forget();
            } else {
                reactor.call(this::forget);
            }
        }

        private void forget() {
            if (reactor.watches.remove(token) == null) {
                return;
            }
            try {
                reactor.epoll.remove(fd.number());
            } catch (LinuxException e) {
                LOG.debug("{} was not watched any more", fd, e);
            }
        }
    }
}
