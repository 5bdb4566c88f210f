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
 * <p>Slots are used round and round. Those that are open come first, then those that were fetched and not asked for yet:
 * {@code opened <= next <= fetched}, each counted without end.
 */
final class PulledChains implements ChainSource {

    /** Chains that one turn hands out at the most: other queues of the worker are not kept waiting for longer. */
    private static final int TURN = 64;

    /** A power of two that has room for all that are open and all that are fetched ahead. */
    private static final int SLOTS = 2 * MAX_OPEN;

    /** Bytes of a cache line. */
    private static final int LINE = 64;

    /** Completed chains that are published together at the most. */
    private static final int PUBLISH_AFTER = 64;

    private final DeviceRing ring;
    private final RegionViews views;
    private final Completions completions;
    private final PulledChain[] slots = new PulledChain[SLOTS];
    private int opened;
    private int next;
    private int fetched;
    private int handedOut;
    private int ahead = 1;
    private int unpublished;
    private int fault;
    /** Nobody reads it: without it the compiler would leave out what {@link #touch} reads. */
    private int touched;
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
        this.views = views;
        this.completions = completions;
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new PulledChain(this, i);
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
        putBackFrom(opened);
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
        if (next - opened == MAX_OPEN) {
            return null;
        }
        PulledChain chain = slots[next++ & SLOTS - 1];
        chain.open(views);
        handedOut++;
        return chain;
    }

    private boolean fetch() {
        if (handedOut >= TURN && open() == 0) {
            spent = true;
            return false;
        }
        int taken = ring.take(Math.min(ahead, MAX_OPEN));
        ahead = Math.min(MAX_OPEN, 2 * ahead);
        if (taken <= 0) {
            fault = taken;
            dry = true;
            return false;
        }
        for (int i = 0; i < taken; i++) {
            io.busbar.core.virtio.ring.Chain chain = ring.taken(i);
            if (chain.fault() != RingFault.NONE) {
                completions.chainFault();
            }
            slots[fetched++ & SLOTS - 1].set(chain);
        }
        if (taken > 1) {
            touch(taken);
        }
        return true;
    }

    /**
     * Reads a byte of the first two cache lines of each chain's first segment: the lines are with the driver's processor, and come
     * here all at the same time instead of one after the other, each when it is needed. What is read is not used.
     */
    private void touch(int taken) {
        int bytes = 0;
        try {
            for (int i = 0; i < taken; i++) {
                io.busbar.core.virtio.ring.Chain chain = ring.taken(i);
                int length = chain.segments() > 0 && chain.fault() == RingFault.NONE ? Math.min(2 * LINE, chain.length(0)) : 0;
                if (length > 0) {
                    bytes += views.byteAt(chain.address(0));
                    bytes += views.byteAt(chain.address(0) + length - 1);
                }
            }
        } catch (InternalError e) {
            // The memory is gone: whoever needs what was there finds out.
        }
        touched = bytes;
    }

    @Override
    public int open() {
        return next - opened;
    }

    @Override
    public void putBack() {
        int putBack = next - opened;
        for (int i = opened; i != next; i++) {
            slots[i & SLOTS - 1].close();
        }
        next = opened;
        handedOut -= putBack;
    }

    /** Gives chains back to the ring, the last first. */
    private void putBackFrom(int first) {
        while (fetched != first) {
            PulledChain chain = slots[--fetched & SLOTS - 1];
            chain.close();
            ring.putBack(chain.chain());
        }
        next = first;
    }

    /**
     * Ends an open chain.
     *
     * @throws IllegalStateException if it is not the first of those that are open: chains are completed in the order in
     *         which they were taken
     */
    void completed(PulledChain chain, long written) {
        if (!chain.isOpen() || slots[opened & SLOTS - 1] != chain) {
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
