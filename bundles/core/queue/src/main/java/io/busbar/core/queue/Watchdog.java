package io.busbar.core.queue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at all data paths again and again, on a thread of its own, for requests that are in flight for too long. */
final class Watchdog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("busbar-watchdog").factory());
    private final List<SoftwareDataPath> paths = new CopyOnWriteArrayList<>();
    private volatile long limitNanos;

    /**
     * Starts to look.
     *
     * @param limit how long a request may be in flight; zero for as long as it likes
     */
    Watchdog(Duration limit) {
        this(limit, PERIOD);
    }

    /** As the other one, but looks so often. */
    Watchdog(Duration limit, Duration period) {
        limit(limit);
        thread.scheduleWithFixedDelay(this::look, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Sets how long a request may be in flight from now on. */
    void limit(Duration limit) {
        limitNanos = limit.isZero() ? Long.MAX_VALUE : limit.toNanos();
    }

    /** Looks at a data path too, until it is closed. */
    void watch(SoftwareDataPath path) {
        paths.add(path);
    }

    private void look() {
        try {
            paths.removeIf(SoftwareDataPath::isClosed);
            long now = System.nanoTime();
            paths.forEach(path -> path.lookForOverdue(now, limitNanos));
        } catch (RuntimeException | Error thrown) {
            LOG.error("the watchdog missed a look", thrown);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
