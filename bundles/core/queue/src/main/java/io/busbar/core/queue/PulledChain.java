package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;

/**
 * A chain of a queue that the model pulls: open for a part of one call, on the thread that owns the queue. Used again for
 * another head as soon as it is closed, so that few of them serve a queue of any size.
 */
final class PulledChain implements Chain, PayloadOwner {

    private final PulledChains source;
    private final int slot;
    private final ChainPayload readable = new ChainPayload(this, false);
    private final ChainPayload writable = new ChainPayload(this, true);
    private io.busbar.core.virtio.ring.Chain chain;
    private boolean open;

    PulledChain(PulledChains source, int slot) {
        this.source = source;
        this.slot = slot;
    }

    void set(io.busbar.core.virtio.ring.Chain taken) {
        chain = taken;
    }

    io.busbar.core.virtio.ring.Chain chain() {
        return chain;
    }

    void open(RegionViews views) {
        readable.open(chain, views);
        writable.open(chain, views);
        open = true;
    }

    void close() {
        open = false;
    }

    boolean isOpen() {
        return open;
    }

    @Override
    public boolean enter() {
        checkOpen();
        return false;
    }

    @Override
    public void leave() {
        throw new IllegalStateException("nobody has entered");
    }

    @Override
    public void checkOpen() {
        if (!open) {
            throw new IllegalStateException("the request was completed already");
        }
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public int queueSize() {
        return source.queueSize();
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
    public boolean faulted() {
        return chain.fault() != 0;
    }

    @Override
    public boolean lastByteReachable() {
        return chain.lastByteReachable();
    }

    @Override
    public void onIoThread(ChainTask task, Object attachment) {
        throw new IllegalStateException("a chain that was pulled stays on the thread that owns its queue");
    }

    @Override
    public boolean startTransfer(
            ChainPayload payload, int descriptor, long fileOffset, int flags, IoCompletion completion, Object attachment) {
        return false;
    }

    @Override
    public void complete(long written) {
        source.completed(this, written);
    }
}
