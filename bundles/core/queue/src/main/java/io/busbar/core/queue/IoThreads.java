package io.busbar.core.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one device for work that may wait for a disk. Each device has its own, so that one whose disk hangs
 * costs nobody else; they start when there is work, up to a limit, and end when there has been none for a while.
 *
 * <p>A lock is right here and nowhere else on the data path: what comes here waits far longer for its disk. Handing a
 * chain over allocates nothing: chains link themselves.
 */
final class IoThreads {

    private static final Logger LOG = LoggerFactory.getLogger(IoThreads.class);
    private static final long IDLE_NANOS = 10_000_000_000L;

    private final String name;
    private final int limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final List<Thread> threads = new ArrayList<>();
    private SlotChain first;
    private SlotChain last;
    private int idle;
    private int serial;
    private boolean closed;

    IoThreads(String name, int limit) {
        this.name = name;
        this.limit = limit;
    }

    /** Hands a chain over whose task was set. */
    void execute(SlotChain chain) {
        lock.lock();
        try {
            chain.setQueued(null);
            if (last == null) {
                first = chain;
            } else {
                last.setQueued(chain);
            }
            last = chain;
            if (idle > 0) {
                work.signal();
            } else if (threads.size() < limit && !closed) {
                startThread();
            }
        } finally {
            lock.unlock();
        }
    }

    private void startThread() {
        Thread thread = new QueueThread(this::runThread, name + "-io" + serial++);
        threads.add(thread);
        thread.start();
    }

    private void runThread() {
        try {
            for (SlotChain chain = next(); chain != null; chain = next()) {
                chain.runTask();
            }
        } catch (Throwable e) {
            LOG.error("{}: an I/O thread ended: {}", name, e.toString(), e);
        } finally {
            lock.lock();
            try {
                threads.remove(Thread.currentThread());
                if (first != null && threads.size() < limit) {
                    startThread();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private SlotChain next() throws InterruptedException {
        lock.lock();
        try {
            long left = IDLE_NANOS;
            while (first == null) {
                if (closed || left <= 0) {
                    return null;
                }
                idle++;
                try {
                    left = work.awaitNanos(left);
                } finally {
                    idle--;
                }
            }
            SlotChain chain = first;
            first = chain.queued();
            if (first == null) {
                last = null;
            }
            return chain;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the threads when the work that was handed over is done; does not wait for it. */
    void close() {
        lock.lock();
        try {
            closed = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many threads there are. */
    int size() {
        lock.lock();
        try {
            return threads.size();
        } finally {
            lock.unlock();
        }
    }
}
