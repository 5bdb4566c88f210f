package io.busbar.testkit.vop;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** A DMA channel: a thread that copies, in order, what was issued. */
final class LoopbackChannel implements DmaChannel {

    private static final int ALIGNMENT = 64;
    private static final long MAX_BYTES = 512 << 10;
    private static final int CAPACITY = 64;

    /** A transfer that was submitted. */
    private record Transfer(boolean write, OwnMemory own, long offset, long peerAddress, long bytes, LoopbackMeter meter,
            DmaCompletion completion, long token) {}

    private final LoopbackEnd owner;
    private final ExecutorService thread;
    private final Queue<Transfer> submitted = new ArrayDeque<>();
    private int pending;

    LoopbackChannel(LoopbackEnd owner, int number) {
        this.owner = owner;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("loopback-" + owner.role() + "-dma" + number).factory());
    }

    void close() {
        thread.close();
    }

    @Override
    public int alignment() {
        return ALIGNMENT;
    }

    @Override
    public long maxBytes() {
        return MAX_BYTES;
    }

    @Override
    public boolean write(OwnMemory source, long offset, long peerAddress, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return submit(new Transfer(true, source, offset, peerAddress, bytes, (LoopbackMeter) meter, completion, token));
    }

    @Override
    public boolean read(long peerAddress, OwnMemory target, long offset, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return submit(new Transfer(false, target, offset, peerAddress, bytes, (LoopbackMeter) meter, completion, token));
    }

    private synchronized boolean submit(Transfer transfer) {
        if (transfer.bytes < 1 || transfer.bytes > MAX_BYTES
                || (transfer.offset | transfer.peerAddress | transfer.bytes) % ALIGNMENT != 0) {
            throw new IllegalArgumentException(transfer + ": expected multiples of " + ALIGNMENT + ", up to " + MAX_BYTES);
        }
        if (pending == CAPACITY) {
            return false;
        }
        pending++;
        submitted.add(transfer);
        return true;
    }

    @Override
    public synchronized void issue() {
        for (Transfer transfer = submitted.poll(); transfer != null; transfer = submitted.poll()) {
            Transfer next = transfer;
            try {
                thread.execute(() -> end(next, run(next)));
            } catch (RejectedExecutionException _) {
                end(next, DmaCompletion.GONE);
            }
        }
    }

    private int run(Transfer transfer) {
        if (owner.severed()) {
            return DmaCompletion.GONE;
        }
        LoopbackMemory memory = owner.peer().sharedAt(transfer.peerAddress, transfer.bytes);
        if (memory == null) {
            owner.peer().fault();
            return DmaCompletion.FAULT;
        }
        MemorySegment far = memory.slice(transfer.peerAddress, transfer.bytes);
        MemorySegment near = transfer.own.segment().asSlice(transfer.offset, transfer.bytes);
        if (transfer.write) {
            far.copyFrom(near);
        } else {
            near.copyFrom(far);
        }
        transfer.meter.dma(transfer.bytes);
        return DmaCompletion.DONE;
    }

    private void end(Transfer transfer, int result) {
        synchronized (this) {
            pending--;
        }
        transfer.completion.ended(transfer.token, result);
    }
}
