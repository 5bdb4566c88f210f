package io.busbar.core.queue;

import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.IoCompletion;
import io.busbar.core.linux.CurrentThread;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A chain as a device model sees it: one object per head of an active queue, opened each time that the head is taken.
 *
 * <p>It is also, or has, the link of every list that a request can be in (hand-over, I/O threads), so that no list allocates. A
 * chain belongs to one start of its queue: when that has ended, late completions reach objects that nobody looks at.
 *
 * <p>A chain that its model does not complete any more, as it threw, is <em>given up</em>: it stays in flight, and with it the
 * driver's memory, until nobody is at work on it. At work are I/O threads that have or get work of it, a transfer, and a verb
 * of its payloads on any other thread; verbs that come later are refused. Users are counted first and look at the state
 * then, the owner gives up first and counts users then: one of them sees the other.
 *
 * <p>A chain that is taken away from its backend is <em>fenced</em>, and stays so: the backend has this object, and whoever gets the
 * request next another one.
 */
final class SlotChain extends RingChain {

    private static final int IDLE = 0;
    private static final int OPEN = 1;
    private static final int COMPLETED = 2;
    private static final int GIVEN_UP = 3;
    private static final int FENCED = 4;
    private static final VarHandle STATE;
    private static final VarHandle USERS;
    private static final VarHandle LATE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(SlotChain.class, "state", int.class);
            USERS = lookup.findVarHandle(SlotChain.class, "users", int.class);
            LATE = lookup.findVarHandle(SlotChain.class, "late", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PushedQueue queue;
    private volatile int state = IDLE;
    /** Which use of the slot this is, for who looks how long it takes; never 0 while it is in use. */
    private int use;
    private volatile SlotChain next;
    private final IoTask ioTask = new IoTask();
    /** Pieces of work that I/O threads have or get, and verbs on threads that are neither the owner nor at such work. */
    private volatile int users;
    private volatile boolean late;
    /** What work on an I/O thread threw, until the owner has taken note of it. */
    private volatile Throwable failure;
    private long written;
    private IoCompletion transfer;
    private Object transferAttachment;

    /** Makes the stub of a hand-over, which is no chain. */
    SlotChain() {
        super(-1, false);
        queue = null;
    }

    SlotChain(PushedQueue queue, int slot) {
        super(slot, false);
        this.queue = queue;
    }

    /** Opens the slot for a chain that was taken; owner only. */
    void open(io.busbar.core.virtio.ring.Chain taken, RegionViews views) {
        set(taken);
        openPayloads(views);
        use = queue.nextUse();
        // Release, pairs with the compare-and-set of complete(): whoever ends the chain sees it opened.
        STATE.setRelease(this, OPEN);
    }

    /** Ends the slot's use after its chain went back to the ring; owner only. */
    void release() {
        set(null);
        STATE.setRelease(this, IDLE);
    }

    /** Returns which use of the slot is in flight, or 0 for none; any thread. */
    int use() {
        return state == IDLE ? 0 : use;
    }

    private boolean isOpen() {
        int now = state;
        return now == OPEN || now == GIVEN_UP;
    }

    @Override
    public boolean enter() {
        if (Thread.currentThread() != queue.worker() && !QueueThread.isAtWorkOn(this)) {
            beUsed();
            return true;
        }
        checkOpen();
        return false;
    }

    @Override
    public void checkOpen() {
        if (!isOpen()) {
            throw refusal();
        }
    }

    private IllegalStateException refusal() {
        if (state != FENCED) {
            return ended();
        }
        late();
        return new IllegalStateException("the request was taken away from its backend");
    }

    /** Notes that the backend uses, or completes, what it does not have any more; once. */
    private void late() {
        if (LATE.compareAndSet(this, false, true)) {
            queue.late();
        }
    }

    private void beUsed() {
        USERS.getAndAdd(this, 1);
        if (state != OPEN && !(isOpen() && QueueThread.isAtWorkOn(this))) {
            leave();
            throw refusal();
        }
    }

    /** Ends what {@link #enter} began, or a piece of work. */
    @Override
    public void leave() {
        if ((int) USERS.getAndAdd(this, -1) == 1 && state == GIVEN_UP) {
            queue.left(this);
        }
    }

    @Override
    public boolean startTransfer(
            ChainPayload payload, int descriptor, long fileOffset, int flags, IoCompletion completion, Object attachment) {
        return queue.startTransfer(this, payload, descriptor, fileOffset, flags, completion, attachment);
    }

    PushedQueue queue() {
        return queue;
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
    public int queueSize() {
        return queue.size();
    }

    @Override
    public void onIoThread(ChainTask work, Object attachment) {
        beUsed();
        queue.ioThreads().execute(this, work, attachment);
    }

    /** Does the work that was handed over, on an I/O thread; what it throws harms this queue only. */
    void run(ChainTask work, Object attachment) {
        QueueThread.atWorkOn(this);
        try {
            work.run(this, attachment);
            // Else a fault in the driver's memory might be thrown behind this, where it would end the thread.
            CurrentThread.throwPendingFault();
        } catch (Throwable e) {
            failure = e;
            queue.failedElsewhere(this);
            STATE.compareAndSet(this, OPEN, GIVEN_UP);
        } finally {
            QueueThread.atWorkOn(null);
            leave();
        }
    }

    @Override
    public void complete(long bytes) {
        if (!STATE.compareAndSet(this, OPEN, COMPLETED)) {
            if (state == FENCED) {
                late();
            } else if (state != GIVEN_UP) {
                queue.misused();
            }
            return;
        }
        written = bytes;
        queue.completed(this);
    }

    /** Returns whether somebody is at work on the chain, other than its owner; any thread. */
    boolean isAtWork() {
        return users > 0 || transfer != null;
    }

    /** Takes the chain away from its backend, unless it was completed; any thread. */
    void fence() {
        if (!STATE.compareAndSet(this, OPEN, FENCED)) {
            STATE.compareAndSet(this, GIVEN_UP, FENCED);
        }
    }

    boolean isFenced() {
        return state == FENCED;
    }

    /** Ends a chain that its model will not complete: now, or as soon as nobody is at work on it; owner only. */
    void giveUp() {
        STATE.compareAndSet(this, OPEN, GIVEN_UP);
        endIfLeft();
    }

    /** Ends a chain that was given up if nobody is at work on it any more; owner only. */
    void endIfLeft() {
        if (state == GIVEN_UP && users == 0 && transfer == null) {
            queue.takeFailure(this);
            state = COMPLETED;
            queue.completed(this);
        }
    }

    /** Returns what work on an I/O thread threw, once; null if there is nothing. Owner only. */
    Throwable takeFailure() {
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
        }
        return thrown;
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
