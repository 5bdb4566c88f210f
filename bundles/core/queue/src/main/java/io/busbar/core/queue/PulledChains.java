package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.RingFault;

/**
 * The source of one queue's chains. Only on the thread that owns the queue.
 *
 * <p>Chains are fetched from the ring some ahead, as many as the turn before had a use for: a queue that is served one
 * chain at a time does not read, and put back, sixty-three others each time.
 *
 * <p>Those that are open come first, then those that were fetched and not asked for yet: {@code opened <= next <= fetched}, each
 * counted without end. What a model holds of an open chain begins anew with the first slot whenever none is open: with a model
 * that has one open at a time it is always the same object, which stays in the processor's nearest cache.
 */
final class PulledChains implements ChainSource {

    /** Chains that one turn hands out at the most: other queues of the worker are not kept waiting for longer. */
    private static final int TURN = 64;

    /** Completed chains that are published together at the most. */
    private static final int PUBLISH_AFTER = 64;

    private final DeviceRing ring;
    private final Completions completions;
    private final PulledChain[] slots = new PulledChain[MAX_OPEN];
    /** The chain that the first slot is for. */
    private int firstSlot;
    private int opened;
    private int next;
    private int fetched;
    /** The chain that is the first of those that the ring has taken last. */
    private int firstTaken;
    private int handedOut;
    private int ahead = 1;
    private int unpublished;
    private int fault;
    private boolean dry;
    private boolean spent;

    /** Told what goes back to the driver. */
    interface Completions {

        /** So many more chains were completed: they are to be published now. */
        void publish();

        /** A chain has a part outside the driver's memory. */
        void chainFault();
    }

    PulledChains(DeviceRing ring, RegionViews views, Completions completions) {
        this.ring = ring;
        this.completions = completions;
        for (int i = 0; i < MAX_OPEN; i++) {
            slots[i] = new PulledChain(this, i, views);
        }
    }

    int queueSize() {
        return ring.size();
    }

    /** Begins a turn. */
    void begin() {
        handedOut = 0;
        dry = false;
        spent = false;
    }

    /** Ends a turn: what was not asked for goes back to the ring. */
    void end() {
        putAllBack();
        publish();
        ahead = Math.max(1, Math.min(MAX_OPEN, handedOut));
    }

    /** Returns how many chains the turn has handed out. */
    int handedOut() {
        return handedOut;
    }

    /** Returns whether the driver had made no more available when the model asked last. */
    boolean isDry() {
        return dry;
    }

    /** Returns whether the model asked for more than its turn. */
    boolean isSpent() {
        return spent;
    }

    /** Returns {@link RingFault#NONE}, or what broke the queue. */
    int fault() {
        return fault;
    }

    @Override
    public Chain next() {
        if (next == fetched && !fetch()) {
            return null;
        }
        if (next == opened) {
            firstSlot = next;
        } else if (next - opened == MAX_OPEN) {
            return null;
        }
        io.busbar.core.virtio.ring.Chain taken = ring.taken(next - firstTaken);
        if (taken.fault() != RingFault.NONE) {
            completions.chainFault();
        }
        PulledChain chain = slot(next++);
        chain.open(taken);
        handedOut++;
        return chain;
    }

    /** Returns the slot of a chain that is open or is about to be. */
    private PulledChain slot(int of) {
        return slots[of - firstSlot & MAX_OPEN - 1];
    }

    private boolean fetch() {
        if (handedOut >= TURN && open() == 0) {
            spent = true;
            return false;
        }
        int count = ring.take(Math.min(ahead, MAX_OPEN));
        ahead = Math.min(MAX_OPEN, 2 * ahead);
        if (count <= 0) {
            fault = count;
            dry = true;
            return false;
        }
        firstTaken = fetched;
        fetched += count;
        if (count > 1) {
            touch(count);
        }
        return true;
    }

    private void touch(int count) {
        try {
            ring.touch(count);
        } catch (InternalError e) {
            // The memory is gone: whoever needs what was there finds out.
        }
    }

    @Override
    public int open() {
        return next - opened;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Those that the ring took before its last taking go back to it, with all that came behind them: it takes them again.
     */
    @Override
    public void putBack() {
        handedOut -= next - opened;
        if (opened - firstTaken >= 0) {
            closeOpen();
        } else {
            putAllBack();
        }
    }

    private void closeOpen() {
        while (next != opened) {
            slot(--next).close();
        }
    }

    /** Gives all that is not completed back to the ring, the last first. */
    private void putAllBack() {
        while (fetched != next) {
            ring.putBack(ring.taken(--fetched - firstTaken));
        }
        while (next != opened) {
            PulledChain chain = slot(--next);
            chain.close();
            ring.putBack(chain.chain());
        }
        fetched = next;
    }

    /**
     * Ends an open chain.
     *
     * @throws IllegalStateException if it is not the first of those that are open: chains are completed in the order in
     *         which they were taken
     */
    void completed(PulledChain chain, long written) {
        if (!chain.isOpen() || slot(opened) != chain) {
            throw new IllegalStateException("chain " + chain.slot() + ": expected the first of "
                    + open() + " open chains to be completed");
        }
        chain.close();
        opened++;
        ring.complete(chain.chain(), written);
        unpublished++;
        if (opened == next && unpublished >= PUBLISH_AFTER) {
            publish();
        }
    }

    private void publish() {
        if (unpublished > 0) {
            unpublished = 0;
            completions.publish();
        }
    }
}
