package io.busbar.core.queue;

import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;

/**
 * A chain of a queue that the model pulls: open for a part of one call, on the thread that owns the queue. Used again for
 * another head as soon as it is closed, so that few of them serve a queue of any size.
 */
final class PulledChain extends RingChain {

    private final PulledChains source;
    private final RegionViews views;
    private boolean open;

    PulledChain(PulledChains source, int slot, RegionViews views) {
        super(slot, true);
        this.source = source;
        this.views = views;
    }

    void open(io.busbar.core.virtio.ring.Chain taken) {
        set(taken);
        open = true;
    }

    void close() {
        open = false;
        closePayloads();
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
            throw ended();
        }
    }

    /** Most chains have one direction that is empty, and is never asked for: each is opened when it is. */
    @Override
    public Payload readable() {
        return open ? openReadable(views) : super.readable();
    }

    @Override
    public Payload writable() {
        return open ? openWritable(views) : super.writable();
    }

    @Override
    public int queueSize() {
        return source.queueSize();
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
