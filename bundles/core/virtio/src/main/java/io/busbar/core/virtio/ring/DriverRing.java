package io.busbar.core.virtio.ring;

/**
 * The driver side of a virtqueue (virtio 1.2, 2.7), whatever its format: for load generators, checks, and drivers in
 * this process. Made by {@link Rings#driver}.
 *
 * <p>The device is not trusted: what it writes is read once and checked, and nothing that it can write is used as an
 * index before that.
 *
 * <p>All methods are for the owner thread. None blocks, allocates, or throws for what the device did.
 */
public abstract class DriverRing {

    /** From {@link #poll}: nothing is used. */
    public static final int EMPTY = -1;

    /** From {@link #add}: not enough free descriptors. */
    public static final int NO_SPACE = -2;

    int fault;

    DriverRing() {
    }

    /**
     * Adds a chain; the device sees it after {@link #publish}.
     *
     * @param addresses buffer addresses as the device sees them, device-readable ones first
     * @param lengths   buffer lengths, unsigned 32-bit
     * @param out       number of device-readable buffers
     * @param in        number of device-writable buffers; {@code out + in} is 1 or more
     * @param token     0 and up, returned by {@link #poll}
     * @return 0, or {@link #NO_SPACE}, and then nothing was changed
     */
    public abstract int add(long[] addresses, int[] lengths, int out, int in, int token);

    /**
     * Makes the chains added since the last call available.
     *
     * @return how many
     */
    public abstract int publish();

    /** Returns whether the device wants a kick for what was made available since this was asked last. */
    public abstract boolean kickNeeded();

    /**
     * Takes one used chain.
     *
     * @return its token; {@link #EMPTY}; or a {@link RingFault} that broke the queue, and then each further call
     *         returns it
     */
    public abstract int poll();

    /** Returns the bytes that the device wrote to the chain that {@link #poll} returned last. */
    public abstract long usedLength();

    /**
     * Asks the device for calls, then looks again.
     *
     * @return whether chains were used meanwhile, for which no call may come
     */
    public abstract boolean enableCalls();

    /** Tells the device that calls are not needed; a hint, calls may come all the same. */
    public abstract void disableCalls();

    /** Returns the number of free descriptors. */
    public abstract int free();

    /** Returns the number of chains that were added and not yet returned by {@link #poll}. */
    public abstract int outstanding();

    /** Returns {@link RingFault#NONE}, or what broke the queue. */
    public final int fault() {
        return fault;
    }
}
