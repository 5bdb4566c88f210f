package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.RingFault;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * A queue from its start to its stop: the ring, a slot for each head, and who is told. This object is the generation of
 * what is in flight: after a stop the next start has another one.
 *
 * <p>All for the thread of its {@link QueueWorker}, except {@link #kick}, {@link #completed}, {@link #misused},
 * {@link #left} and {@link #failedElsewhere}.
 *
 * <p>A fault in the driver's memory shows as an {@link InternalError}, which the JVM may report later than at the access
 * itself. It is caught wherever the ring is touched, so that it neither passes through a device model nor leaves a chain
 * in flight that nobody has: a queue that is broken can always be stopped.
 */
class ActiveQueue {

    /** Chains taken in one turn at the most: other queues of the worker are not kept waiting for longer. */
    static final int BATCH = 64;

    /** Completions that one call to the driver stands for at the most. */
    private static final int MOST_PER_CALL = 8;

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
    private final QueueWorker worker;
    private final QueueEvents events;
    private final QueueCounters counters;
    private final IoThreads ioThreads;
    private final RegionViews views;
    private final SlotChain[] slots;
    private final ChainBuffers batch = new ChainBuffers(BATCH);
    private final Handover handover = new Handover();
    private final Runnable takeKick = this::takeKick;
    private volatile boolean kickPending;
    private volatile VqCallback callback;
    private DeviceModel model;
    private CompletableFuture<Void> paused;
    private int kickDescriptor = -1;
    private boolean taking;
    private boolean broken;
    private int inFlight;
    private int[] again = new int[0];
    private int callAfter = 1;
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
            QueueCounters counters,
            IoThreads ioThreads,
            RegionViews views) {
        this.index = index;
        this.ring = ring;
        this.worker = worker;
        this.events = events;
        this.counters = counters;
        this.ioThreads = ioThreads;
        this.views = views;
        slots = new SlotChain[hasSlots() ? ring.size() : 0];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new SlotChain(this, i);
        }
    }

    int index() {
        return index;
    }

    /** Returns whether chains are handed out by their heads; as a question to the class, asked while it is made. */
    boolean hasSlots() {
        return true;
    }

    int size() {
        return ring.size();
    }

    QueueWorker worker() {
        return worker;
    }

    IoThreads ioThreads() {
        return ioThreads;
    }

    SlotChain slot(int slot) {
        return slots[slot];
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

    /** Returns how many chains are in flight; on another thread only about that many. */
    int inFlight() {
        return inFlight;
    }

    boolean isBroken() {
        return broken;
    }

    void setCallback(VqCallback to) {
        callback = to;
    }

    /** Chains to be taken before any other, by their heads: what an earlier process left in flight. */
    void takeAgainFirst(int[] heads) {
        again = heads;
    }

    void resume(DeviceModel with) {
        model = with;
        taking = !broken;
        paused = null;
    }

    /** Takes nothing more; the future is done when nothing is in flight. */
    void pause(CompletableFuture<Void> done) {
        taking = false;
        paused = done;
        checkPaused();
    }

    private void checkPaused() {
        if (paused != null && inFlight == 0) {
            paused.complete(null);
            paused = null;
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

    private int takeHandedOver() {
        int done = 0;
        for (SlotChain chain = handover.take(); chain != null; chain = handover.take()) {
            giveBack(chain);
            done++;
        }
        if (done > 0) {
            publish();
            call();
            checkPaused();
        }
        return done;
    }

    /** Takes what the driver made available, and hands it to the model; returns the number of things done. */
    int takeNew() {
        int taken = again.length == 0 ? ring.take(BATCH) : takeAgain();
        if (taken <= 0) {
            if (taken < 0) {
                breakBy(RingFault.describe(taken));
                return 1;
            }
            return 0;
        }
        batch.clear();
        for (int i = 0; i < taken; i++) {
            Chain chain = ring.taken(i);
            if (chain.fault() != RingFault.NONE) {
                counters.add(QueueCounters.FAULTS, 1);
            }
            SlotChain slot = slots[chain.head()];
            slot.open(chain, views);
            batch.add(slot);
        }
        inFlight += taken;
        counters.add(QueueCounters.CHAINS, taken);
        callAfter = Math.max(1, Math.min(MOST_PER_CALL, taken / 4));
        process();
        return taken;
    }

    private int takeAgain() {
        int count = Math.min(again.length, BATCH);
        int taken = ring.takeAgain(again, count);
        again = Arrays.copyOfRange(again, count, again.length);
        return taken;
    }

    private void process() {
        worker.entersModel();
        try {
            model.process(index, batch);
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            abandonBatch();
        } catch (Throwable e) {
            modelThrew(e);
            abandonBatch();
        } finally {
            worker.leavesModel();
        }
    }

    /** Chains that a model threw over: the queue is broken, and they end when nobody is at work on them. */
    private void abandonBatch() {
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).giveUp();
        }
    }

    void modelThrew(Throwable e) {
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

    /** Tells the model that a transfer has ended. */
    void transferEnded(SlotChain chain, long result) {
        worker.entersModel();
        try {
            chain.transferEnded(result);
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            chain.giveUp();
        } catch (Throwable e) {
            modelThrew(e);
            chain.giveUp();
        } finally {
            worker.leavesModel();
        }
        chain.endIfLeft();
    }

    /** After all transfers that had ended: the call that their completions still wait for. */
    void settleTransfers() {
        try {
            settle();
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
    }

    /** A chain was completed; any thread. */
    void completed(SlotChain chain) {
        if (Thread.currentThread() != worker) {
            handover.put(chain);
            worker.wake();
            return;
        }
        try {
            giveBack(chain);
            publish();
            if (uncalled >= callAfter) {
                call();
            }
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
    }

    private void giveBack(SlotChain chain) {
        try {
            if (!broken) {
                ring.complete(chain.chain(), chain.written());
            }
        } finally {
            chain.release();
            inFlight--;
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

    /** Counts what a backend should not have done: a request completed twice; any thread. */
    void misused() {
        worker.execute(() -> counters.add(QueueCounters.MISUSED, 1));
    }

    /** Work on an I/O thread threw; any thread. The queue is broken before the chain, which is given up, can end. */
    void failedElsewhere(Throwable e) {
        worker.execute(() -> breakBy("the device model failed on an I/O thread: " + e));
    }

    /** Nobody is at work any more on a chain that was given up; any thread. */
    void left(SlotChain chain) {
        worker.execute(chain::endIfLeft);
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
        kicked();
    }

    /** Counts a kick. */
    void kicked() {
        counters.add(QueueCounters.KICKS, 1);
    }

    /** Returns whether a turn would do something. Cheap: this is what a worker polls. */
    boolean hasWork() {
        try {
            return !handover.isEmpty() || taking && hasNew();
        } catch (InternalError e) {
            // Perhaps that of an access in the turn before, which the JVM reports here and nowhere else.
            breakBy(MEMORY_GONE);
            return true;
        }
    }

    /** Asks for kicks before a sleep; returns whether there is work after all. */
    boolean prepareSleep() {
        if (!handover.isEmpty()) {
            return true;
        }
        try {
            return taking && askForKicks();
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            return false;
        }
    }

    /** Returns whether there is something to take. */
    boolean hasNew() {
        return again.length > 0 || ring.hasAvailable();
    }

    /** Asks the driver for kicks where they matter; returns whether there is something to take after all. */
    boolean askForKicks() {
        return ring.enableKicks();
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

    boolean startTransfer(
            SlotChain slot,
            ChainPayload payload,
            int descriptor,
            long fileOffset,
            int flags,
            IoCompletion completion,
            Object attachment) {
        if (Thread.currentThread() != worker) {
            throw new IllegalStateException("transfers start on the thread that owns the queue");
        }
        AsyncIo io = worker.asyncIo();
        if (io == null || !io.start(slot, payload, descriptor, fileOffset, flags)) {
            return false;
        }
        slot.transferStarted(completion, attachment);
        return true;
    }
}
