package io.busbar.core.linux;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A daemon thread that waits for descriptors and calls who wants to know. For control work: who waits on a hot path has an
 * {@link Epoll} of its own.
 *
 * <p>Any thread may call its methods. Handlers and tasks run on the thread, one at a time; what one of them throws is told to
 * the thread's handler of uncaught exceptions and ends nothing.
 */
public final class DescriptorThread implements AutoCloseable {
    private static final long WAKE = 0;
    private static final long END_MILLIS = 5_000;

    private final Epoll epoll;
    private final Fd wake;
    private final Thread thread;
    private final AtomicLong lastToken = new AtomicLong(WAKE);
    private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;

    /** Told that a descriptor is ready. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Looks at the descriptor.
         *
         * @param events what happened: {@link Epoll#EPOLLIN}, {@link Epoll#EPOLLHUP}, ...
         */
        void ready(int events);
    }

    /** A descriptor that is waited for, until it is closed. */
    public final class Watch implements AutoCloseable {
        private final int descriptor;
        private final long token;
        private final Handler handler;

        private Watch(int descriptor, long token, Handler handler) {
            this.descriptor = descriptor;
            this.token = token;
            this.handler = handler;
        }

        /** Waits for it no more; call it before the descriptor is closed. A second call does nothing. */
        @Override
        public void close() {
            if (watches.remove(token) != null) {
                try {
                    epoll.remove(descriptor);
                } catch (LinuxException alreadyGone) {
                    // what is not waited for need not be let go
                }
            }
        }
    }

    private DescriptorThread(String name, Epoll epoll, Fd wake) {
        this.epoll = epoll;
        this.wake = wake;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    /**
     * Starts a thread.
     *
     * @param name its name
     * @throws LinuxException if the process has no descriptors left
     */
    public static DescriptorThread start(String name) throws LinuxException {
        Epoll epoll = Epoll.create();
        try {
            Fd wake = EventFd.create();
            epoll.add(wake.number(), Epoll.EPOLLIN | Epoll.EPOLLET, WAKE);
            DescriptorThread started = new DescriptorThread(name, epoll, wake);
            started.thread.start();
            return started;
        } catch (LinuxException e) {
            epoll.close();
            throw e;
        }
    }

    /**
     * Waits for a descriptor from now on.
     *
     * @param descriptor open until the watch is closed
     * @param events     {@link Epoll#EPOLLIN}, ...; {@link Epoll#EPOLLET} for changes alone
     * @param handler    called on the thread
     * @throws LinuxException if it cannot be waited for
     */
    public Watch watch(int descriptor, int events, Handler handler) throws LinuxException {
        Watch watch = new Watch(descriptor, lastToken.incrementAndGet(), handler);
        watches.put(watch.token, watch);
        try {
            epoll.add(descriptor, events, watch.token);
            return watch;
        } catch (LinuxException e) {
            watches.remove(watch.token);
            throw e;
        }
    }

    /** Does something on the thread, soon. */
    public void execute(Runnable task) {
        tasks.add(task);
        EventFd.signal(wake.number());
    }

    /**
     * Does something on the thread, and waits for its end, a few seconds at the most. Not for the thread itself.
     *
     * @throws LinuxException ETIMEDOUT when the thread is at something else for too long; EINTR when the caller was interrupted
     */
    public void call(Runnable task) throws LinuxException {
        CountDownLatch done = new CountDownLatch(1);
        execute(() -> {
            try {
                task.run();
            } finally {
                done.countDown();
            }
        });
        try {
            if (!done.await(END_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new LinuxException("wait for " + thread.getName(), Errno.ETIMEDOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LinuxException("wait for " + thread.getName(), Errno.EINTR);
        }
    }

    private void run() {
        while (!ended) {
            int events = epoll.await(-1);
            for (int i = 0; i < events; i++) {
                // One that was let go meanwhile is not called: its token is no other's.
                Watch watch = watches.get(epoll.token(i));
                if (watch != null) {
                    int what = epoll.events(i);
                    quietly(() -> watch.handler.ready(what));
                }
            }
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                quietly(task);
            }
        }
        epoll.close();
        wake.close();
    }

    private void quietly(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | LinkageError thrown) {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        }
    }

    /** Ends the thread and waits for its end, a few seconds at the most; not if it is the caller. */
    @Override
    public void close() {
        if (ended) {
            return;
        }
        execute(() -> ended = true);
        if (Thread.currentThread() != thread) {
            try {
                thread.join(END_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
