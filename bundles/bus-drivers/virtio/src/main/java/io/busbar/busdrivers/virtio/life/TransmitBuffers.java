package io.busbar.busdrivers.virtio.life;

import io.busbar.core.virtio.ring.DriverRing;
import java.nio.ByteBuffer;

/**
 * A queue on which the driver gives bytes to the device. Buffers that the device has used are free again when the driver
 * needs some, without a call of the device. For one thread at a time.
 */
public final class TransmitBuffers {

    /** From {@link #take}: the device has them all. */
    public static final int NONE = -1;

    private final DriverQueue queue;
    private final DriverRing ring;
    private final Buffers buffers;
    private final int[] free;
    private int freeCount;
    private final long[] address = new long[1];
    private final int[] length = new int[1];

    /**
     * Makes them, all free.
     *
     * @param queue   the queue
     * @param buffers no more than the queue has entries
     */
    public TransmitBuffers(DriverQueue queue, Buffers buffers) {
        this.queue = queue;
        this.ring = queue.ring();
        this.buffers = buffers;
        free = new int[buffers.count()];
        for (int i = 0; i < free.length; i++) {
            free[i] = free.length - 1 - i;
        }
        freeCount = free.length;
        ring.disableCalls();
    }

    /**
     * Takes a free buffer.
     *
     * @return its number, or {@link #NONE}; also if the queue is broken, see {@link #fault}
     */
    public int take() {
        if (freeCount == 0) {
            reclaim();
        }
        return freeCount == 0 ? NONE : free[--freeCount];
    }

    /** Returns a buffer, cleared. */
    public ByteBuffer view(int number) {
        return buffers.view(number).clear();
    }

    /**
     * Gives a buffer to the device, and kicks it if it wants that.
     *
     * @param number taken
     * @param bytes  how many of it
     */
    public void send(int number, int bytes) {
        address[0] = buffers.iova(number);
        length[0] = bytes;
        if (ring.add(address, length, 1, 0, number) != 0) {
            throw new IllegalStateException("no room in the queue for a buffer of its own");
        }
        queue.submit();
    }

    /** Takes back what the device has used; returns whether a buffer is free. */
    public boolean reclaim() {
        int number = ring.poll();
        while (number >= 0) {
            free[freeCount++] = number;
            number = ring.poll();
        }
        return freeCount > 0;
    }

    /** Returns whether the device has none. */
    public boolean isIdle() {
        return freeCount == free.length;
    }

    /** Returns {@link io.busbar.core.virtio.ring.RingFault#NONE}, or what broke the queue. */
    public int fault() {
        return ring.fault();
    }

    /** Asks the device for calls; returns whether it used buffers meanwhile. */
    public boolean enableCalls() {
        return ring.enableCalls();
    }

    /** Tells the device that calls are not needed for now. */
    public void disableCalls() {
        ring.disableCalls();
    }
}
