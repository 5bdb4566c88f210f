package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.memory.IoCompletion;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.RingFault;
import java.util.Arrays;

/**
 * A queue whose chains are handed to the model as soon as the driver makes them available: a slot for each head, and the
 * way back for those that are completed on another thread.
 *
 * <p>For other threads too are {@link #completed}, {@link #misused}, {@link #late}, {@link #left} and {@link #failedElsewhere}.
 */
final class PushedQueue extends ActiveQueue {

    /** Chains taken in one turn at the most: other queues of the worker are not kept waiting for longer. */
    static final int BATCH = 64;

    /** Completions that one call to the driver stands for at the most. */
    private static final int MOST_PER_CALL = 8;

    private final IoThreads ioThreads;
    private final RegionViews views;
    private final SlotChain[] slots;
    private final ChainBuffers batch = new ChainBuffers(BATCH);
    private final Handover handover = new Handover();
    private DeviceModel model;
    private int inFlight;
    private int[] again = new int[0];
    /** Chains that were taken away from a backend, oldest first, and how many of them the next one has. */
    private Chain[] fenced = {};
    private int fencedTaken;
    private int uses;
    private int callAfter = 1;

    PushedQueue(
            int index,
            DeviceRing ring,
            QueueWorker worker,
            QueueEvents events,
            QueueCounters counters,
            IoThreads ioThreads,
            RegionViews views) {
        super(index, ring, worker, events, counters);
        this.ioThreads = ioThreads;
        this.views = views;
        slots = new SlotChain[ring.size()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new SlotChain(this, i);
        }
    }

    IoThreads ioThreads() {
        return ioThreads;
    }

    @Override
    int inFlight() {
        return inFlight;
    }

    /** Returns a number for a use of a slot, other than 0. */
    int nextUse() {
        uses = uses == -1 ? 1 : uses + 1;
        return uses;
    }

    /** Returns which use of a slot is in flight, or 0 for none; any thread. */
    int use(int slot) {
        return slots[slot].use();
    }

    @Override
    void takeAgainFirst(int[] heads) {
        again = heads;
    }

    @Override
    void resume(DeviceModel with) {
        model = with;
        super.resume(with);
    }

    @Override
    int takeHandedOver() {
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

    @Override
    boolean isHandedOver() {
        return !handover.isEmpty();
    }

    @Override
    int takeNew() {
        if (fencedTaken < fenced.length) {
            return takeFenced();
        }
        int taken = again.length == 0 ? ring().take(BATCH) : takeAgain();
        if (taken <= 0) {
            if (taken < 0) {
                breakBy(RingFault.describe(taken));
                return 1;
            }
            return 0;
        }
        batch.clear();
        for (int i = 0; i < taken; i++) {
            Chain chain = ring().taken(i);
            if (chain.fault() != RingFault.NONE) {
                counters().add(QueueCounters.FAULTS, 1);
            }
            open(chain);
        }
        inFlight += taken;
        counters().add(QueueCounters.CHAINS, taken);
        callAfter = Math.max(1, Math.min(MOST_PER_CALL, taken / 4));
        process();
        return taken;
    }

    private void open(Chain chain) {
        SlotChain slot = slots[chain.head()];
        slot.open(chain, views);
        batch.add(slot);
    }

    /** Gives chains to the model that were taken away from another backend; the ring has them as taken all the time. */
    private int takeFenced() {
        int taken = Math.min(fenced.length - fencedTaken, BATCH);
        batch.clear();
        for (int i = 0; i < taken; i++) {
            open(fenced[fencedTaken++]);
        }
        inFlight += taken;
        counters().add(QueueCounters.RESUMED, taken);
        process();
        return taken;
    }

    private int takeAgain() {
        int count = Math.min(again.length, BATCH);
        int taken = ring().takeAgain(again, count);
        again = Arrays.copyOfRange(again, count, again.length);
        counters().add(QueueCounters.RESUMED, Math.max(0, taken));
        return taken;
    }

    @Override
    boolean hasNew() {
        return fencedTaken < fenced.length || again.length > 0 || ring().hasAvailable();
    }

    @Override
    boolean askForKicks() {
        return fencedTaken < fenced.length || ring().enableKicks();
    }

    /** Returns how many chains somebody is at work on, other than the owner; any thread. */
    int chainsAtWork() {
        int atWork = 0;
        for (SlotChain slot : slots) {
            if (slot.use() != 0 && slot.isAtWork()) {
                atWork++;
            }
        }
        return atWork;
    }

    /** Takes all that is in flight, and not completed, away from its backend; any thread, while the queue takes nothing new. */
    void fence() {
        for (SlotChain slot : slots) {
            if (slot.use() != 0) {
                slot.fence();
            }
        }
    }

    /** Returns whether nobody has, or touches, what is in flight; not while the owner is at work. */
    boolean isFenced() {
        for (SlotChain slot : slots) {
            if (slot.use() != 0 && (!slot.isFenced() || slot.isAtWork())) {
                return false;
            }
        }
        return true;
    }

    @Override
    int fencedChains() {
        return fenced.length - fencedTaken;
    }

    /**
     * Returns the queue that goes on in the place of this one, which is fenced: it begins with what was in flight here.
     *
     * @param next who owns it
     */
    PushedQueue successor(QueueWorker next) {
        PushedQueue queue = new PushedQueue(index(), ring(), next, events(), counters(), ioThreads, views);
        SlotChain[] inOrder = Arrays.stream(slots)
                .filter(SlotChain::isFenced)
                .sorted((one, other) -> one.use() - other.use())
                .toArray(SlotChain[]::new);
        Chain[] first = Arrays.stream(inOrder).map(SlotChain::chain).toArray(Chain[]::new);
        Chain[] rest = Arrays.copyOfRange(fenced, fencedTaken, fenced.length);
        queue.fenced = Arrays.copyOf(first, first.length + rest.length);
        System.arraycopy(rest, 0, queue.fenced, first.length, rest.length);
        queue.again = again;
        queue.callAfter = callAfter;
        queue.goesOnAfter(this);
        counters().addShared(QueueCounters.FENCED, first.length);
        return queue;
    }

    private void process() {
        QueueWorker.current().entersModel(this);
        try {
            model.process(index(), batch);
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            abandonBatch();
        } catch (Throwable e) {
            modelThrew(e);
            abandonBatch();
        } finally {
            QueueWorker.current().leavesModel();
        }
    }

    /** Chains that a model threw over: the queue is broken, and they end when nobody is at work on them. */
    private void abandonBatch() {
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).giveUp();
        }
    }

    /** Tells the model that a transfer has ended; on the thread that has started it. */
    void transferEnded(SlotChain chain, long result) {
        if (Thread.currentThread() == worker()) {
            endTransfer(chain, result);
        } else {
            onOwner(() -> endTransfer(chain, result));
        }
    }

    private void endTransfer(SlotChain chain, long result) {
        QueueWorker.current().entersModel(this);
        try {
            chain.transferEnded(result);
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
            chain.giveUp();
        } catch (Throwable e) {
            modelThrew(e);
            chain.giveUp();
        } finally {
            QueueWorker.current().leavesModel();
        }
        chain.endIfLeft();
    }

    /** A chain was completed; any thread. */
    void completed(SlotChain chain) {
        if (Thread.currentThread() != worker()) {
            handover.put(chain);
            worker().wake();
            return;
        }
        try {
            giveBack(chain);
            publish();
            if (uncalled() >= callAfter) {
                call();
            }
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        }
    }

    private void giveBack(SlotChain chain) {
        try {
            if (!isBroken()) {
                ring().complete(chain.chain(), chain.written());
            }
        } finally {
            // Counted first: a fault of an earlier access may be thrown when a method returns, and this is what a stop waits for.
            inFlight--;
            chain.release();
        }
    }

    /** Counts what a backend should not have done: a request completed twice; any thread. */
    void misused() {
        onOwner(() -> counters().add(QueueCounters.MISUSED, 1));
    }

    /** Counts a request that its backend used, or completed, after it was taken away from it; any thread. */
    void late() {
        counters().addShared(QueueCounters.LATE, 1);
    }

    /** Work of a chain on an I/O thread threw; any thread. */
    void failedElsewhere(SlotChain chain) {
        onOwner(() -> takeFailure(chain));
    }

    /** Breaks the queue if work of a chain threw: before the chain, which is given up, can end. */
    void takeFailure(SlotChain chain) {
        Throwable e = chain.takeFailure();
        if (e != null) {
            counters().add(QueueCounters.EXCEPTIONS, 1);
            breakBy("the device model failed on an I/O thread: " + e);
        }
    }

    /** Nobody is at work any more on a chain that was given up; any thread. */
    void left(SlotChain chain) {
        onOwner(chain::endIfLeft);
    }

    boolean startTransfer(
            SlotChain slot,
            ChainPayload payload,
            int descriptor,
            long fileOffset,
            int flags,
            IoCompletion completion,
            Object attachment) {
        QueueWorker owner = worker();
        if (Thread.currentThread() != owner) {
            if (Thread.currentThread() instanceof QueueWorker) {
                return false; // The queue is another thread's since a moment.
            }
            throw new IllegalStateException("transfers start on the thread that owns the queue");
        }
        AsyncIo io = owner.asyncIo();
        if (io == null || !io.start(slot, payload, descriptor, fileOffset, flags)) {
            return false;
        }
        slot.transferStarted(completion, attachment);
        return true;
    }
}
