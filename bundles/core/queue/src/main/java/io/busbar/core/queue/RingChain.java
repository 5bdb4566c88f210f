package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.memory.Payload;

/** A chain of a ring as a device model sees it; how it is handed out and comes back is a matter of the queue. */
abstract class RingChain implements Chain, PayloadOwner {

    private final int slot;
    private final ChainPayload readable = new ChainPayload(this, false);
    private final ChainPayload writable = new ChainPayload(this, true);
    private io.busbar.core.virtio.ring.Chain chain;

    RingChain(int slot) {
        this.slot = slot;
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

    @Override
    public final int slot() {
        return slot;
    }

    @Override
    public final Payload readable() {
        return readable;
    }

    @Override
    public final Payload writable() {
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
