package io.busbar.core.queue;

import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.IoCompletion;

/**
 * A chain of a queue that the model pulls: open for a part of one call, on the thread that owns the queue. Used again for
 * another head as soon as it is closed, so that few of them serve a queue of any size.
 */
final class PulledChain extends RingChain {

    private final PulledChains source;
    private boolean open;

    PulledChain(PulledChains source, int slot) {
        super(slot);
        this.source = source;
    }

    void open(RegionViews views) {
        openPayloads(views);
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
            throw ended();
        }
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
