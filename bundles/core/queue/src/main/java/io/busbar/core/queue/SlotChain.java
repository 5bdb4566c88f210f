package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A chain as a device model sees it: one object per head of an active queue, opened each time that the head is taken.
 *
 * <p>It is also, or has, the link of every list that a request can be in (hand-over, I/O threads), so that no list allocates. A
 * chain belongs to one start of its queue: when that has ended, late completions reach objects that nobody looks at.
 */
final class SlotChain implements Chain, PayloadOwner {

    private static final int IDLE = 0;
    private static final int OPEN = 1;
    private static final int COMPLETED = 2;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(SlotChain.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final ActiveQueue queue;
    private final int slot;
    private final ChainPayload readable;
    private final ChainPayload writable;
    private volatile int state = IDLE;
    private volatile SlotChain next;
    private final IoTask ioTask = new IoTask();
    private boolean handedOver;
    private io.busbar.core.virtio.ring.Chain chain;
    private long written;
    private IoCompletion transfer;
    private Object transferAttachment;

    /** Makes the stub of a hand-over, which is no chain. */
    SlotChain() {
        queue = null;
        slot = -1;
        readable = null;
        writable = null;
    }

    SlotChain(ActiveQueue queue, int slot) {
        this.queue = queue;
        this.slot = slot;
        readable = new ChainPayload(this, false);
        writable = new ChainPayload(this, true);
    }

    /** Opens the slot for a chain that was taken; owner only. */
    void open(io.busbar.core.virtio.ring.Chain taken, RegionViews views) {
        chain = taken;
        readable.open(taken, views);
        writable.open(taken, views);
        // Release, pairs with the compare-and-set of complete(): whoever ends the chain sees it opened.
        STATE.setRelease(this, OPEN);
    }

    /** Ends the slot's use after its chain went back to the ring; owner only. */
    void release() {
        chain = null;
        handedOver = false;
        STATE.setRelease(this, IDLE);
    }

    @Override
    public boolean isOpen() {
        return state == OPEN;
    }

    @Override
    public boolean startTransfer(
            ChainPayload payload, int descriptor, long fileOffset, int flags, IoCompletion completion, Object attachment) {
        return queue.startTransfer(this, payload, descriptor, fileOffset, flags, completion, attachment);
    }

    ActiveQueue queue() {
        return queue;
    }

    io.busbar.core.virtio.ring.Chain chain() {
        return chain;
    }

    long written() {
        return written;
    }

    SlotChain next() {
        return next;
    }

    void setNext(SlotChain chain) {
        next = chain;
    }

    /** The link for work on I/O threads: enough for one piece of work at a time. */
    IoTask ioTask() {
        return ioTask;
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public int queueSize() {
        return queue.size();
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
    public void onIoThread(ChainTask work, Object attachment) {
        handedOver = true;
        queue.ioThreads().execute(this, work, attachment);
    }

    /** Does the work that was handed over, on an I/O thread; what it throws harms this queue only. */
    void run(ChainTask work, Object attachment) {
        try {
            work.run(this, attachment);
        } catch (Throwable e) {
            queue.failedElsewhere(this, e);
        }
    }

    @Override
    public void complete(long bytes) {
        if (!STATE.compareAndSet(this, OPEN, COMPLETED)) {
            queue.misused();
            return;
        }
        written = bytes;
        queue.completed(this);
    }

    /** Ends the chain if nobody has it: no I/O thread, no transfer; owner only. */
    boolean abandon() {
        return !handedOver && transfer == null && STATE.compareAndSet(this, OPEN, COMPLETED);
    }

    /** Notes who is told of the transfer that starts now; owner only. */
    void transferStarted(IoCompletion completion, Object attachment) {
        transfer = completion;
        transferAttachment = attachment;
    }

    /** Tells that the transfer has ended; owner only. */
    void transferEnded(long result) {
        IoCompletion completion = transfer;
        Object attachment = transferAttachment;
        transfer = null;
        transferAttachment = null;
        completion.completed(attachment, result);
    }
}
