package io.busbar.busdrivers.virtio.life;

import io.busbar.core.virtio.ring.DriverRing;
import java.nio.ByteBuffer;

/**
 * A queue on which the device gives bytes to the driver: each buffer is with the device until it was filled, and goes back
 * when its bytes were taken. For one thread at a time.
 */
public final class ReceiveBuffers {

    private final DriverQueue queue;
    private final DriverRing ring;
    private final Buffers buffers;
    private final ByteBuffer[] views;
    private final long[] address = new long[1];
    private final int[] length = new int[1];

    /**
     * Makes them; the device has none yet.
     *
     * @param queue   the queue
     * @param buffers no more than the queue has entries
     */
    public ReceiveBuffers(DriverQueue queue, Buffers buffers) {
        this.queue = queue;
        this.ring = queue.ring();
        this.buffers = buffers;
        views = new ByteBuffer[buffers.count()];
        for (int i = 0; i < views.length; i++) {
            views[i] = buffers.view(i).asReadOnlyBuffer();
        }
    }

    /** Makes all of them available, without a kick: before DRIVER_OK there must be none, {@link #submit} makes up for it. */
    public void fill() {
        for (int i = 0; i < buffers.count(); i++) {
            give(i);
        }
        ring.publish();
    }

    /**
     * Takes a buffer that the device has filled.
     *
     * @return its number; {@link DriverRing#EMPTY} if there is none; or a fault that broke the queue
     */
    public int poll() {
        return ring.poll();
    }

    /**
     * Returns a buffer from its begin to where the device says that it has filled it: read-only, the same object each time.
     *
     * @param number what {@link #poll} returned last
     */
    public ByteBuffer filled(int number) {
        return views[number].clear().limit((int) Math.min(ring.usedLength(), buffers.bytes()));
    }

    /** Gives a buffer back; the device sees it after {@link #submit}. */
    public void give(int number) {
        address[0] = buffers.iova(number);
        length[0] = buffers.bytes();
        if (ring.add(address, length, 0, 1, number) != 0) {
            throw new IllegalStateException("no room in the queue for a buffer of its own");
        }
    }

    /** Makes available what was given back, and kicks the device if it wants that. */
    public void submit() {
        queue.submit();
    }

    /** Returns {@link io.busbar.core.virtio.ring.RingFault#NONE}, or what broke the queue. */
    public int fault() {
        return ring.fault();
    }

    /** Asks the device for calls; returns whether it filled buffers meanwhile. */
    public boolean enableCalls() {
        return ring.enableCalls();
    }

    /** Tells the device that calls are not needed for now. */
    public void disableCalls() {
        ring.disableCalls();
    }
}
