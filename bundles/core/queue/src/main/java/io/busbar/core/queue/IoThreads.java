package io.busbar.core.queue;

import io.busbar.api.device.ChainTask;
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
 * chain over allocates nothing: chains bring a link. One that is handed over again while it waits, as for each range of a
 * discard, gets a further link, and those are kept.
 */
final class IoThreads {

    private static final Logger LOG = LoggerFactory.getLogger(IoThreads.class);
    private static final long IDLE_NANOS = 10_000_000_000L;

    private final String name;
    private final int limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition waiting = lock.newCondition();
    private final List<Thread> threads = new ArrayList<>();
    private IoTask first;
    private IoTask last;
    private IoTask spare;
    private int tasks;
    private int idle;
    private int serial;
    private boolean closed;

    IoThreads(String name, int limit) {
        this.name = name;
        this.limit = limit;
    }

    /**
     * Hands over a piece of work of a chain.
     *
     * @param chain      the chain, which may wait here for other work
     * @param work       what is done
     * @param attachment given to the work
     */
    void execute(SlotChain chain, ChainTask work, Object attachment) {
        lock.lock();
        try {
            IoTask task = freeTask(chain);
            task.set(chain, work, attachment);
            if (last == null) {
                first = task;
            } else {
                last.next = task;
            }
            last = task;
            tasks++;
            if (idle > 0) {
                waiting.signal();
            }
            // Threads that were woken for earlier work still count as idle until they run.
            if (tasks > idle && threads.size() < limit && !closed) {
                startThread();
            }
        } finally {
            lock.unlock();
        }
    }

    private IoTask freeTask(SlotChain chain) {
        if (!chain.ioTask().isWaiting()) {
            return chain.ioTask();
        }
        IoTask task = spare == null ? new IoTask() : spare;
        spare = task.next;
        task.next = null;
        return task;
    }

    private void startThread() {
        Thread thread = new QueueThread(this::runThread, name + "-io" + serial++);
        // Counted when it is there: the system may have no room for one.
        thread.start();
        threads.add(thread);
    }

    private void runThread() {
        try {
            IoTask current = new IoTask();
            while (take(current)) {
                current.chain.run(current.work, current.attachment);
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

    /** Waits for work and copies it, so that its link is free again; false when the thread has to end. */
    private boolean take(IoTask current) throws InterruptedException {
        lock.lock();
        try {
            long left = IDLE_NANOS;
            while (first == null) {
                if (closed || left <= 0) {
                    return false;
                }
                idle++;
                try {
                    left = waiting.awaitNanos(left);
                } finally {
                    idle--;
                }
            }
            IoTask task = first;
            first = task.next;
            if (first == null) {
                last = null;
            }
            tasks--;
            current.set(task.chain, task.work, task.attachment);
            task.clear();
            if (task != current.chain.ioTask()) {
                task.next = spare;
                spare = task;
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the threads when the work that was handed over is done; does not wait for it. */
    void close() {
        lock.lock();
        try {
            closed = true;
            waiting.signalAll();
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
