package io.busbar.core.virtio.ring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The device side of a virtqueue (virtio 1.2, 2.7), whatever its format. Made by {@link Rings#device}.
 *
 * <p>One turn of its owner thread:
 *
 * <pre>{@code
 *  ring.disableKicks();
 *  do {
 *      while ((n = ring.take(64)) > 0) {
 *          for (int i = 0; i < n; i++) { work(ring.taken(i)); }      // ring.complete(chain, written), now or later
 *          if (ring.publish() > 0 && ring.callNeeded()) { call(); }
 *      }
 *  } while (n == 0 && ring.enableKicks());                          // n < 0: RingFault, the queue is broken
 * }</pre>
 *
 * <p>All methods are for the owner thread. None blocks, and none throws for what the driver did; if the memory under
 * the rings is truncated, an {@link InternalError} may come from any of them.
 */
public abstract class DeviceRing {

    final Chain[] chains;
    final int[] taken;
    final long[] staged;

    /** With IN_ORDER the used lengths of completed chains, by head; else null. */
    final long[] lengths;
    int stagedCount;
    int outstanding;
    int fault;

    DeviceRing(Chain[] chains, int[] taken, long[] staged, boolean inOrder) {
        this.chains = chains;
        this.taken = taken;
        this.staged = staged;
        this.lengths = inOrder ? new long[chains.length] : null;
        for (Chain chain : chains) {
            chain.ring = this;
        }
    }

    /** Returns the number of entries. */
    public final int size() {
        return chains.length;
    }

    /**
     * Takes what the driver made available. The available index is read once.
     *
     * @param max most chains to take; more than the queue size is the same as the queue size
     * @return the number of chains taken, now in {@link #taken}; 0 if there is none; or a {@link RingFault} that broke
     *         the queue, and then each further call returns it. Good chains before a broken one are returned first
     */
    public abstract int take(int max);

    /**
     * Takes chains again that were in flight when an earlier owner of the queue ended, by their heads. The record that
     * survives this process has them already, and they keep their place in it.
     *
     * @param heads in the order in which they were taken first
     * @param count how many of them
     * @return as {@link #take}
     */
    public abstract int takeAgain(int[] heads, int count);

    /**
     * Returns a chain of the last {@link #take}.
     *
     * @param index 0 to what {@code take} returned - 1
     * @return the chain, the same object each time its head is taken
     */
    public final Chain taken(int index) {
        return chains[taken[index]];
    }

    /**
     * Fetches the beginnings of the chains of the last {@link #take} into the processor's cache, all at the same time: else each is
     * waited for when it is needed. A buffer that the device is to write has a 0 written to its first bytes of cache lines, which
     * says nothing to a driver before the buffer is used (virtio 1.2, 2.7.8): reading them would fetch lines that are then asked for
     * once more, to be written.
     *
     * @param count how many of them, up to what {@code take} returned
     * @throws InternalError if the memory is gone
     */
    public abstract void touch(int count);

    /**
     * Puts a chain back, as if it had never been taken: the next {@link #take} returns it again. For an owner that found no
     * use for it.
     *
     * @param chain the one that was taken last, of those that were not put back; by {@link #take}, not again
     * @throws IllegalStateException if another was taken after it, or it was completed: then nothing has changed
     */
    public abstract void putBack(Chain chain);

    /**
     * Completes a chain: its used element is published by the next {@link #publish}. Nothing of the chain may be
     * touched after this.
     *
     * @param chain   taken from this queue
     * @param written bytes written to the writable segments, from the first on, 0 and up; cut to what the driver may be
     *                told
     * @return whether it was in flight; false changes nothing
     */
    public final boolean complete(Chain chain, long written) {
        if (chain.state != Chain.TAKEN || chain.ring != this) {
            return completeUnusual(chain, written);
        }
        stage(chain, written, chain.bytes - chain.readableBytes);
        return true;
    }

    private boolean completeUnusual(Chain chain, long written) {
        if (!chain.isTaken() || chain.ring != this) {
            return false;
        }
        stage(chain, written, chain.usedLengthLimit());
        return true;
    }

    private void stage(Chain chain, long written, long limit) {
        long length = Long.compareUnsigned(written, limit) < 0 ? written : limit;
        chain.state ^= Chain.TAKEN | Chain.STAGED;
        if (lengths != null) {
            lengths[chain.head] = length;
        } else {
            staged[stagedCount] = length << 32 | chain.head;
        }
        stagedCount++;
    }

    /**
     * Publishes what was completed: used elements, then the used index once. With IN_ORDER, chains that were completed
     * before an earlier one are held back until that one is complete.
     *
     * @return the number of elements published
     */
    public abstract int publish();

    /**
     * Tells whether the driver wants a call for what was published since this was asked last. Ask after
     * {@link #publish}; deferring a call is not asking.
     *
     * @return whether to call
     */
    public abstract boolean callNeeded();

    /**
     * Asks the driver for kicks, then looks again.
     *
     * @return whether chains became available meanwhile, for which no kick may come
     */
    public abstract boolean enableKicks();

    /** Tells the driver that kicks are not needed; a hint, kicks may come all the same. */
    public abstract void disableKicks();

    /** Returns whether the driver made chains available that were not taken yet, or moved its index wrongly. */
    public abstract boolean hasAvailable();

    /** Returns the index of the next chain to take, 0 to 65535: the queue's state to save. */
    public abstract int nextAvail();

    /** Returns the index of the next used element, 0 to 65535. */
    public abstract int usedIndex();

    /**
     * Replaces the table of the driver's memory. Chains in flight keep the segments that they have.
     *
     * @param regions the table for chains taken from now on
     */
    public abstract void regions(Regions regions);

    /** Returns {@link RingFault#NONE}, or what broke the queue. */
    public final int fault() {
        return fault;
    }

    /** Returns the number of chains that were taken and not published. */
    public final int outstanding() {
        return outstanding;
    }

    /** Returns the chains that were taken and not completed, in the order in which they were taken. */
    public final List<Chain> inFlight() {
        List<Chain> inFlight = new ArrayList<>();
        for (Chain chain : chains) {
            if (chain.isTaken()) {
                inFlight.add(chain);
            }
        }
        inFlight.sort(Comparator.comparingLong(Chain::ticket));
        return inFlight;
    }
}
