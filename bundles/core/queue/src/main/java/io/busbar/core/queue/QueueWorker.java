package io.busbar.core.queue;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that owns queues. It takes turns over them while there is work, polls a little, then asks every driver for
 * kicks and sleeps until a kick, a completion or a command comes.
 *
 * <p>Sleep protocol: {@code sleeping} is set first, then each ring asks for kicks and is looked at again, then mailbox
 * and hand-overs are looked at; whoever adds work stores it first and looks at {@code sleeping} afterwards. Both sides
 * have a full fence between their store and their load (here {@link VarHandle#fullFence}; there the exchange of
 * {@link Handover#put} or of the mailbox), so at least one of them sees the other.
 */
final class QueueWorker extends QueueThread {

    private static final Logger LOG = LoggerFactory.getLogger(QueueWorker.class);
    private static final long WAKE = -1;
    private static final long TRANSFERS = -2;
    private static final int POLLS_PER_CLOCK = 16;

    /** Added to a queue's number: what is ready is its backend. */
    private static final long BACKEND = 1L << 32;

    /** For so long after a sleep a thread has its processor for itself, as good as always: a slice of Linux is some milliseconds. */
    private static final long FRESH_NANOS = 200_000;

    /** How long it sleeps at the most while something is to be done after a sleep. */
    private static final int SHORT_SLEEP_MILLIS = 1;

    /** Turns after which a worker that is never idle looks at the descriptors of backends. */
    private static final int TURNS_PER_LOOK = 16;

    private final ConcurrentLinkedQueue<Runnable> mailbox = new ConcurrentLinkedQueue<>();
    private final Epoll epoll;
    private final Fd wakeDescriptor;
    private final SpinPolicy spin;
    private ActiveQueue[] queues = new ActiveQueue[0];
    private AsyncIo asyncIo;
    private boolean asyncTried;
    private int backends;
    private int turnsSinceLook;
    private long awakeSince = System.nanoTime();
    /** Is done after the next sleep, or when its time is over; null if there is nothing. */
    private Runnable afterSleep;
    private long afterSleepLatest;
    private volatile boolean sleeping;
    /** Odd while the thread is inside a device model; another number for each call. */
    private volatile int modelCalls;
    /** Whose call of the model it is, or was last. */
    private ActiveQueue calling;
    private volatile boolean abandoned;
    private boolean ended;

    private QueueWorker(String name, SpinPolicy spin, Epoll epoll, Fd wakeDescriptor) {
        super(null, name);
        this.spin = spin;
        this.epoll = epoll;
        this.wakeDescriptor = wakeDescriptor;
    }

    /**
     * Makes a worker, not yet started.
     *
     * @throws LinuxException if the process has no descriptors left
     */
    static QueueWorker create(String name, SpinPolicy spin) throws LinuxException {
        Epoll epoll = Epoll.create();
        try {
            Fd wake = EventFd.create();
            epoll.add(wake.number(), Epoll.EPOLLIN | Epoll.EPOLLET, WAKE);
            return new QueueWorker(name, spin, epoll, wake);
        } catch (LinuxException e) {
            epoll.close();
            throw e;
        }
    }

    /** Does control work on this thread, soon; any thread. */
    void execute(Runnable command) {
        mailbox.add(command);
        VarHandle.fullFence();
        wake();
    }

    /**
     * Does control work, of which there is one, when the thread has just slept: then it will not have to give up its processor in the
     * middle of it. Nobody waits longer for that, as it sleeps when it has nothing else to do; on this thread.
     *
     * @param latest when it is done all the same, by {@link System#nanoTime}
     */
    void executeAfterSleep(Runnable command, long latest) {
        afterSleep = command;
        afterSleepLatest = latest;
    }

    /** Returns whether the thread has just slept; on this thread. */
    boolean isFresh() {
        return System.nanoTime() - awakeSince < FRESH_NANOS;
    }

    private void doAfterSleep() {
        Runnable command = afterSleep;
        afterSleep = null;
        command.run();
    }

    /** Makes the worker look at its work if it sleeps; any thread, after a full fence. */
    void wake() {
        if (sleeping) {
            EventFd.signal(wakeDescriptor.number());
        }
    }

    /** Returns whether the thread is inside a device model at this moment; any thread. */
    boolean isInModel() {
        return isInside(modelCalls);
    }

    /** Returns a number for each call of a device model, for who looks how long one takes; any thread. */
    int modelCalls() {
        return modelCalls;
    }

    /** Returns whether a number of {@link #modelCalls} is that of a call that has not ended. */
    static boolean isInside(int call) {
        return (call & 1) != 0;
    }

    /** Returns the worker that the current thread is, where that is known. */
    static QueueWorker current() {
        return (QueueWorker) Thread.currentThread();
    }

    /** Returns whose call of the model it is whose number was read before; any thread. */
    ActiveQueue calling() {
        return calling;
    }

    /** On this thread. */
    void entersModel(ActiveQueue queue) {
        calling = queue;
        modelCalls = modelCalls + 1 | 1;
    }

    /** On this thread. */
    void leavesModel() {
        modelCalls = modelCalls + 1 & ~1;
        if (abandoned) {
            throw new Abandoned();
        }
    }

    /** Its queues are another thread's from now on: this one ends as soon as it is back from the backend; any thread. */
    void abandon() {
        abandoned = true;
        execute(() -> { });
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Takes a worker that comes back too late past all that it would do with queues that are not its own any more. */
    private static final class Abandoned extends RuntimeException {

        private static final long serialVersionUID = 1;

        Abandoned() {
            super("its queues are another thread's", null, false, false);
        }
    }

    @Override
    public void run() {
        try {
            while (!ended && !abandoned) {
                workOn();
            }
        } catch (Throwable e) {
            LOG.error("{} ended: {}", getName(), e.toString(), e);
        } finally {
            close();
        }
    }

    /**
     * Works until it is told to end. What is thrown breaks the queues; the thread goes on, as they have to be stopped by it.
     * A fault in the driver's memory can come here, as the JVM may report it later than at the access: also where the loop
     * begins anew, which is why the loop is inside of the try.
     */
    private void workOn() {
        try {
            while (!ended && !abandoned) {
                work();
            }
        } catch (Abandoned e) {
            LOG.warn("{} came back from a backend that it had been left to", getName());
        } catch (RuntimeException | Error e) {
            sleeping = false;
            if (!breakQueues(e) && !(e instanceof InternalError)) {
                throw e;
            }
        }
    }

    /** Works until there is nothing to do, and sleeps. */
    private void work() {
        if (turn() == 0 && !pollBriefly()) {
            sleep();
        } else if (backends > 0 && ++turnsSinceLook >= TURNS_PER_LOOK) {
            lookAtDescriptors();
        }
    }

    /** Returns whether there was one that was not broken: else what was thrown is nothing that a queue has caused. */
    private boolean breakQueues(Throwable e) {
        if (!(e instanceof InternalError)) {
            LOG.error("{}: its queues cannot go on: {}", getName(), e.toString(), e);
        }
        boolean any = false;
        for (ActiveQueue queue : queues) {
            any |= isOurs(queue) && queue.workerFailed(e);
        }
        return any;
    }

    private int turn() {
        int done = 0;
        // One: whoever gives commands without end does not keep the queues from their turn, and between two there is one.
        Runnable command = mailbox.poll();
        if (command != null) {
            command.run();
            done++;
        }
        if (afterSleep != null && System.nanoTime() - afterSleepLatest >= 0) {
            doAfterSleep();
        }
        for (ActiveQueue queue : queues) {
            if (isOurs(queue)) {
                done += queue.turn();
            }
        }
        return asyncIo == null ? done : done + endTransfers();
    }

    /** A queue may have become another thread's while this one was inside the model for one before it. */
    private boolean isOurs(ActiveQueue queue) {
        return queue.worker() == this;
    }

    private int endTransfers() {
        asyncIo.submit();
        int done = asyncIo.turn();
        if (done > 0) {
            for (ActiveQueue queue : queues) {
                if (isOurs(queue)) {
                    queue.settleTransfers();
                }
            }
        }
        return done;
    }

    private boolean pollBriefly() {
        long nanos = spin.nextSpinNanos();
        if (nanos == 0 || queues.length == 0) {
            return false;
        }
        long end = System.nanoTime() + nanos;
        do {
            for (int i = 0; i < POLLS_PER_CLOCK; i++) {
                if (hasWork()) {
                    spin.succeeded();
                    return true;
                }
                Thread.onSpinWait();
            }
            if (backends > 0) {
                lookAtDescriptors();
            }
        } while (System.nanoTime() - end < 0);
        spin.failed();
        return false;
    }

    private boolean hasWork() {
        for (ActiveQueue queue : queues) {
            if (isOurs(queue) && queue.hasWork()) {
                return true;
            }
        }
        return !mailbox.isEmpty() || asyncIo != null && asyncIo.hasWork();
    }

    private void sleep() {
        sleeping = true;
        VarHandle.fullFence();
        boolean work = !mailbox.isEmpty() || asyncIo != null && asyncIo.prepareSleep();
        for (ActiveQueue queue : queues) {
            work |= isOurs(queue) && queue.prepareSleep();
        }
        if (!work) {
            await(afterSleep == null ? -1 : SHORT_SLEEP_MILLIS);
            awakeSince = System.nanoTime();
        }
        sleeping = false;
        if (asyncIo != null) {
            asyncIo.awake();
        }
        for (ActiveQueue queue : queues) {
            if (isOurs(queue)) {
                queue.awake();
            }
        }
        if (!work && afterSleep != null) {
            doAfterSleep();
        }
    }

    /** Kicks need no look, as the rings are polled; a backend's file is polled in no other way. */
    private void lookAtDescriptors() {
        turnsSinceLook = 0;
        await(0);
    }

    private void await(int milliseconds) {
        int events = epoll.await(milliseconds);
        if (events < 0) {
            throw new IllegalStateException("epoll: " + Errno.text(-events));
        }
        for (int i = 0; i < events; i++) {
            long token = epoll.token(i);
            if (token >= BACKEND) {
                backendReady((int) (token - BACKEND));
            } else if (token >= 0) {
                kicked((int) token, epoll.events(i));
            }
        }
    }

    private void kicked(int index, int events) {
        for (ActiveQueue queue : queues) {
            if (queue.index() == index && isOurs(queue)) {
                queue.kicked();
                if ((events & (Epoll.EPOLLERR | Epoll.EPOLLHUP)) != 0) {
                    unwatch(queue);
                }
            }
        }
    }

    private void backendReady(int index) {
        for (ActiveQueue queue : queues) {
            if (queue.index() == index && isOurs(queue) && queue instanceof PulledQueue pulled) {
                pulled.wakeModel();
            }
        }
    }

    /**
     * Waits for a backend's descriptor from now on; on this thread.
     *
     * @throws LinuxException if it cannot be waited for
     */
    void watchBackend(PulledQueue queue, Fd descriptor, int events) throws LinuxException {
        epoll.add(descriptor.number(), events | Epoll.EPOLLET, BACKEND + queue.index());
        backends++;
    }

    /** Waits for it no more; on this thread. */
    void unwatchBackend(Fd descriptor) {
        try {
            epoll.remove(descriptor.number());
            backends--;
        } catch (LinuxException e) {
            LOG.debug("{}: {} was not waited for: {}", getName(), descriptor, e.getMessage());
        }
    }

    /** As {@link #unwatchBackend}, for a queue that is another thread's already; any thread. */
    void forgetBackend(Fd descriptor) {
        try {
            epoll.remove(descriptor.number());
            execute(() -> backends--);
        } catch (LinuxException e) {
            LOG.debug("{}: {} was not waited for: {}", getName(), descriptor, e.getMessage());
        }
    }

    /** Takes a queue on; on this thread. */
    void add(ActiveQueue queue) {
        ActiveQueue[] more = Arrays.copyOf(queues, queues.length + 1);
        more[queues.length] = queue;
        queues = more;
    }

    /** Lets a queue go; on this thread. */
    void remove(ActiveQueue queue) {
        unwatch(queue);
        if (queue instanceof PulledQueue pulled) {
            pulled.unwatchBackend();
        }
        forget(queue);
    }

    /** Has a queue no more that is another thread's already; on this thread. */
    void forget(ActiveQueue queue) {
        queues = Arrays.stream(queues).filter(other -> other != queue).toArray(ActiveQueue[]::new);
    }

    /**
     * Waits for a queue's kicks on a descriptor from now on; on this thread. Edge-triggered: an eventfd reports each
     * write, so it never has to be read.
     *
     * @throws LinuxException if it cannot be waited for
     */
    void watch(ActiveQueue queue, int descriptor) throws LinuxException {
        unwatch(queue);
        if (descriptor >= 0) {
            epoll.add(descriptor, Epoll.EPOLLIN | Epoll.EPOLLET, queue.index());
            queue.kickDescriptor(descriptor);
        }
    }

    /** Waits for a queue's kicks no more; on the thread that owns the queue, or that has taken it from this one. */
    void unwatch(ActiveQueue queue) {
        int descriptor = queue.kickDescriptor();
        queue.kickDescriptor(-1);
        if (descriptor >= 0) {
            try {
                epoll.remove(descriptor);
            } catch (LinuxException e) {
                LOG.debug("{}: kick descriptor {} was gone already: {}", getName(), descriptor, e.getMessage());
            }
        }
    }

    /** Returns this worker's asynchronous transfers, or null where the kernel has none; on this thread. */
    AsyncIo asyncIo() {
        if (!asyncTried) {
            asyncTried = true;
            asyncIo = AsyncIo.open(epoll, TRANSFERS);
        }
        return asyncIo;
    }

    /** Has transfers end that can be cancelled; any thread. */
    void cancelTransfers() {
        execute(() -> {
            if (asyncIo != null) {
                asyncIo.cancel();
            }
        });
    }

    /** Ends the thread when it is back from its turn; any thread. */
    void end() {
        execute(() -> ended = true);
    }

    private void close() {
        try {
            if (asyncIo != null) {
                asyncIo.close();
            }
        } finally {
            epoll.close();
            wakeDescriptor.close();
        }
    }
}
