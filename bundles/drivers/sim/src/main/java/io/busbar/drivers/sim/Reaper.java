package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.RevocableBackend;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes backends, which may take time: the caller waits a little, so that what was closed can be opened again at once;
 * after that the closing goes on by itself, and is named when it takes too long.
 */
final class Reaper {

    private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);

    private static final Duration LEAVE_TO_THREADS = Duration.ofSeconds(2);
    private static final long LOOK_MILLIS = 50;

    private final Duration patience;
    private final Duration deadline;
    private final BackendThreads threads = new BackendThreads();

    /**
     * Makes a reaper.
     *
     * @param patience how long a caller waits
     * @param deadline after what time a closing is named in the log
     */
    Reaper(Duration patience, Duration deadline) {
        this.patience = patience;
        this.deadline = deadline;
    }

    /** Returns who knows the threads of the backends that are closed here; all of these have to be opened by it. */
    BackendThreads threads() {
        return threads;
    }

    /**
     * Closes a backend.
     *
     * @param device       the device that it served
     * @param backend      the backend
     * @param misbehaviour told what it does that it should not
     */
    void close(String device, Backend backend, Misbehaviour misbehaviour) {
        end(device, backend, backend::close, misbehaviour);
    }

    /**
     * Closes a backend whose device could not be made: what its opening changed is taken back, if it can do that.
     *
     * @param device       the device that it was to serve
     * @param backend      the backend
     * @param misbehaviour told what it does that it should not
     */
    void revoke(String device, Backend backend, Misbehaviour misbehaviour) {
        end(device, backend, backend instanceof RevocableBackend revocable ? revocable::revoke : backend::close, misbehaviour);
    }

    private void end(String device, Backend backend, Runnable close, Misbehaviour misbehaviour) {
        CountDownLatch closed = new CountDownLatch(1);
        Thread closing = Thread.ofPlatform().daemon().name("busbar-close-" + device).start(() -> {
            closeNow(device, close, misbehaviour);
            misbehaviour.closed(Thread.currentThread());
            closed.countDown();
            lookForThreads(device, threads.closed(backend), misbehaviour);
        });
        if (!isDone(closed, patience)) {
            misbehaviour.closes(closing, "closing since " + Instant.now().minus(patience).truncatedTo(ChronoUnit.SECONDS)
                    + ", thread " + closing.getName());
            Thread.ofPlatform().daemon().name("busbar-reaper-" + device).start(() -> watch(device, closing, closed, misbehaviour));
        }
    }

    private static void closeNow(String device, Runnable close, Misbehaviour misbehaviour) {
        try {
            close.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: the backend failed to close", device, thrown);
            misbehaviour.note("close threw " + thrown);
        }
    }

    private void watch(String device, Thread closing, CountDownLatch closed, Misbehaviour misbehaviour) {
        if (!isDone(closed, deadline)) {
            LOG.error("{}: the backend is still closing after {} s, thread {}: its resources are held until it ends",
                    device, deadline.toSeconds(), closing.getName());
            isDone(closed, Duration.ofNanos(Long.MAX_VALUE));
        }
        // It may have ended before that was noted.
        misbehaviour.closed(closing);
    }

    /** Threads may take a moment to end. */
    private static void lookForThreads(String device, BackendThreads.Origin origin, Misbehaviour misbehaviour) {
        if (origin == null) {
            return;
        }
        long end = System.nanoTime() + LEAVE_TO_THREADS.toNanos();
        List<String> left = origin.living();
        while (!left.isEmpty() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
            left = origin.living();
        }
        if (!left.isEmpty()) {
            LOG.error("{}: the backend is closed, and its threads live on: {}", device, left);
            misbehaviour.note(left.size() + " threads left behind: " + String.join(", ", left));
        }
    }

    private static boolean isDone(CountDownLatch closed, Duration time) {
        try {
            return closed.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
