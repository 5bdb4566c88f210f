package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.memory.Payload;

/** A chain of a ring as a device model sees it; how it is handed out and comes back is a matter of the queue. */
abstract class RingChain implements Chain, PayloadOwner {

    private final int slot;
    private final ChainPayload readable;
    private final ChainPayload writable;
    private io.busbar.core.virtio.ring.Chain chain;

    RingChain(int slot, boolean confined) {
        this.slot = slot;
        readable = new ChainPayload(this, false, confined);
        writable = new ChainPayload(this, true, confined);
    }

    /** Notes which chain of the ring it is; null for none. */
    final void set(io.busbar.core.virtio.ring.Chain taken) {
        chain = taken;
    }

    final io.busbar.core.virtio.ring.Chain chain() {
        return chain;
    }

    /** Puts both payloads to the beginning of the chain that was set. */
    final void openPayloads(RegionViews views) {
        readable.open(chain, views);
        writable.open(chain, views);
    }

    /** Puts a payload to the beginning of the chain that was set, if it is not open yet. */
    final Payload openReadable(RegionViews views) {
        if (!readable.isOpen()) {
            readable.open(chain, views);
        }
        return readable;
    }

    /** As {@link #openReadable}. */
    final Payload openWritable(RegionViews views) {
        if (!writable.isOpen()) {
            writable.open(chain, views);
        }
        return writable;
    }

    /** Ends the use of payloads that were opened one by one. */
    final void closePayloads() {
        readable.close();
        writable.close();
    }

    @Override
    public final int slot() {
        return slot;
    }

    @Override
    public Payload readable() {
        return readable;
    }

    @Override
    public Payload writable() {
        return writable;
    }

    @Override
    public final boolean faulted() {
        return chain.fault() != 0;
    }

    @Override
    public final boolean lastByteReachable() {
        return chain.lastByteReachable();
    }

    /** What a payload says to a caller who comes too late. */
    static IllegalStateException ended() {
        return new IllegalStateException("the request was completed already");
    }
}
