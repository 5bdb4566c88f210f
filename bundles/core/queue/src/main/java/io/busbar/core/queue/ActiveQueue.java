package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.linux.CurrentThread;
import io.busbar.core.virtio.ring.DeviceRing;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;

/**
 * A queue from its start to its stop: the ring, and who is told. This object is the generation of what is in flight: after
 * a stop the next start has another one. How chains come to the model is a matter of the class below.
 *
 * <p>All for the thread of its {@link QueueWorker}, except {@link #kick}.
 *
 * <p>A fault in the driver's memory shows as an {@link InternalError}, which the JVM may report later than at the access
 * itself. It is caught wherever the ring is touched, so that it neither passes through a device model nor leaves a chain
 * in flight that nobody has: a queue that is broken can always be stopped.
 */
abstract class ActiveQueue {

    static final String MEMORY_GONE = "the driver's memory is not there any more";

    private static final VarHandle KICK_PENDING;

    static {
        try {
            KICK_PENDING = MethodHandles.lookup().findVarHandle(ActiveQueue.class, "kickPending", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int index;
    private final DeviceRing ring;
    /** Changes only when a worker does not come back from the call of another queue: see {@link Substitution}. */
    private volatile QueueWorker worker;
    private final QueueEvents events;
    private final QueueCounters counters;
    private final Runnable takeKick = this::takeKick;
    private volatile boolean kickPending;
    private volatile VqCallback callback;
    private CompletableFuture<Void> paused;
    private int kickDescriptor = -1;
    private boolean taking;
    private boolean broken;
    private int uncalled;

    /** What a queue tells its data path. */
    interface QueueEvents {

        /** The queue is stopped until it is set up again; on the worker's thread. */
        void broken(int index, String sentence);

        /** The device model threw; on the worker's thread. */
        void modelFailed(int index, Throwable failure);
    }

    ActiveQueue(
            int index,
            DeviceRing ring,
            QueueWorker worker,
            QueueEvents events,
            QueueCounters counters) {
        this.index = index;
        this.ring = ring;
        this.worker = worker;
        this.events = events;
        this.counters = counters;
    }

    int index() {
        return index;
    }

    int size() {
        return ring.size();
    }

    final DeviceRing ring() {
        return ring;
    }

    final QueueCounters counters() {
        return counters;
    }

    final QueueEvents events() {
        return events;
    }

    QueueWorker worker() {
        return worker;
    }

    /** Makes it another thread's, which has it from {@link #arrive} on. */
    void moveTo(QueueWorker next) {
        worker = next;
    }

    /** Its thread may not have looked at it when it was woken, and looks now; on that thread. */
    void passedOver() {
    }

    /** Lets go of what a thread waits for, which the queue was taken from; on the thread that has taken it. */
    void leave(QueueWorker before) {
        before.unwatch(this);
    }

    /** Goes on with another thread, on it. A kick that the one before was told of, and has not come to, counts for nothing any more. */
    void arrive(DeviceModel with) {
        kickPending = false;
        resumeOrBreak(with);
    }

    /** Has the owner do something that must be done, whoever that is by then; any thread. */
    final void onOwner(Runnable command) {
        worker.execute(() -> {
            if (Thread.currentThread() == worker) {
                command.run();
            } else {
                onOwner(command);
            }
        });
    }

    /** As {@link #onOwner}, but what a thread comes to when the queue is another one's is out of date, and is not done. */
    final void onOwnerNow(Runnable command) {
        QueueWorker now = worker;
        now.execute(() -> {
            if (now == worker) {
                command.run();
            }
        });
    }

    int kickDescriptor() {
        return kickDescriptor;
    }

    void kickDescriptor(int descriptor) {
        kickDescriptor = descriptor;
    }

    /** Returns the available index to go on from. */
    int nextAvail() {
        return ring.nextAvail();
    }

    /** Returns how many chains were published and not called for. */
    int uncalled() {
        return uncalled;
    }

    boolean isBroken() {
        return broken;
    }

    void setCallback(VqCallback to) {
        callback = to;
    }

    /** Notes chains that an earlier process left in flight, by their heads, for the first turn. */
    abstract void takeAgainFirst(int[] heads);

    /** Takes what the driver made available, and hands it to the model; returns the number of things done. */
    abstract int takeNew();

    /** Returns whether there is something to take. */
    abstract boolean hasNew();

    /** Asks the driver for kicks where they matter; returns whether there is something to take after all. */
    abstract boolean askForKicks();

    /** Takes completions that came from other threads; returns the number of things done. */
    int takeHandedOver() {
        return 0;
    }

    /** Returns whether completions came from other threads. */
    boolean isHandedOver() {
        return false;
    }

    /** Returns how many chains are in flight between two turns; on another thread only about that many. */
    int inFlight() {
        return 0;
    }

    /** Returns how many chains were taken away from a backend and not given to another one yet; between two turns. */
    int fencedChains() {
        return 0;
    }

    /** Takes over from a queue that is fenced; its driver is called once more than it may need. */
    final void goesOnAfter(ActiveQueue before) {
        callback = before.callback;
        broken = before.broken;
        uncalled = before.uncalled + 1;
    }

    /** Goes on with a model; it is the same, or another, than the one before. */
    void resume(DeviceModel with) {
        taking = !broken;
        paused = null;
    }

    /** As {@link #resume}; where the model, or its backend, throws at that, this queue is broken and no other. */
    final void resumeOrBreak(DeviceModel with) {
        try {
            resume(with);
        } catch (Throwable e) {
            modelThrew(e);
        }
    }

    /** Takes nothing more until it goes on, and tells nobody. */
    void rest() {
        taking = false;
    }

    /** Takes nothing more; the future is done when nothing is in flight. */
    void pause(CompletableFuture<Void> done) {
        taking = false;
        paused = done;
        checkPaused();
    }

    /** Says that the queue has stopped, if it was told to and nothing is in flight. */
    final void checkPaused() {
        if (paused != null && inFlight() == 0) {
            // What follows from it may have the queue go on.
            CompletableFuture<Void> done = paused;
            paused = null;
            done.complete(null);
        }
    }

    /**
     * One turn: completions that came from elsewhere, then new chains, then what completions on this thread have left to
     * do, also those that came while another queue had its turn. Returns the number of things done.
     */
    int turn() {
        int done = 0;
        try {
            done = takeHandedOver();
            if (taking) {
                done += takeNew();
            }
            settle();
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
        return done;
    }

    void modelThrew(Throwable e) {
        if (worker.isAbandoned()) {
            return; // The queue is another thread's.
        }
        counters.add(QueueCounters.EXCEPTIONS, 1);
        events.modelFailed(index, e);
        breakBy("the device model threw " + e);
    }

    /** After completions on this thread: the call that they still wait for. */
    private void settle() {
        if (uncalled > 0) {
            call();
        }
        checkPaused();
    }

    /** After all transfers that had ended: the call that their completions still wait for. */
    void settleTransfers() {
        try {
            settle();
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
    }

    void publish() {
        if (!broken) {
            int published = ring.publish();
            uncalled += published;
            counters.add(QueueCounters.USED, published);
        }
    }

    void call() {
        uncalled = 0;
        VqCallback told = callback;
        if (!broken && ring.callNeeded() && told != null) {
            counters.add(QueueCounters.CALLS, 1);
            tell(told);
        }
    }

    private void tell(VqCallback told) {
        try {
            told.called();
        } catch (RuntimeException e) {
            breakBy("its callback threw " + e);
        }
    }

    /**
     * The thread failed, and nobody knows at which queue's work: none goes on.
     *
     * @return whether this queue went on until now
     */
    boolean workerFailed(Throwable e) {
        boolean sound = !broken;
        breakBy(e instanceof InternalError ? MEMORY_GONE : "its thread failed: " + e);
        return sound;
    }

    void breakBy(String sentence) {
        if (worker.isAbandoned()) {
            return; // The queue is another thread's.
        }
        if (broken) {
            checkPaused();
            return;
        }
        broken = true;
        taking = false;
        counters.add(QueueCounters.BROKEN, 1);
        events.broken(index, sentence);
        checkPaused();
    }

    /**
     * The driver kicked; any thread. Kicks that come before the worker has seen one are one. None is lost: the worker
     * takes it before it looks at the ring, and before a sleep it looks once more after a full fence.
     */
    void kick() {
        if (KICK_PENDING.compareAndSet(this, false, true)) {
            worker.execute(takeKick);
        }
    }

    private void takeKick() {
        kickPending = false;
        if (Thread.currentThread() == worker) {
            kicked();
        }
    }

    /** Counts a kick. */
    void kicked() {
        counters.add(QueueCounters.KICKS, 1);
    }

    /** Returns whether a turn would do something. Cheap: this is what a worker polls. */
    boolean hasWork() {
        try {
            return isHandedOver() || taking && hasNew();
        } catch (InternalError e) {
            // Perhaps that of an access in the turn before, which the JVM reports here and nowhere else.
            breakBy(MEMORY_GONE);
            return true;
        }
    }

    /** Asks for kicks before a sleep; returns whether there is work after all. */
    boolean prepareSleep() {
        if (isHandedOver()) {
            return true;
        }
        try {
            boolean work = taking && askForKicks();
            // What follows is a sleep in a native call, through which a fault of the accesses above would wait.
            CurrentThread.throwPendingFault();
            return work;
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            return false;
        }
    }

    void awake() {
        try {
            if (taking) {
                ring.disableKicks();
            }
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
    }

}
