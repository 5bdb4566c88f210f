package io.busbar.testkit.vop;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import java.lang.foreign.MemorySegment;

/** A DMA channel: a thread that copies, in order, what was issued. */
final class LoopbackChannel implements DmaChannel {

    private static final int ALIGNMENT = 64;
    private static final long MAX_BYTES = 512 << 10;
    private static final int CAPACITY = 64;

    /** A place for a transfer. */
    private static final class Transfer {
        private boolean write;
        private OwnMemory own;
        private long offset;
        private long peerAddress;
        private long bytes;
        private LoopbackMeter meter;
        private DmaCompletion completion;
        private long token;
    }

    private final LoopbackEnd owner;
    private final LoopbackThread thread;
    private final Transfer[] ring = new Transfer[CAPACITY];
    /** Of transfers since the beginning: how many have ended, were issued, and were submitted. */
    private int ended;
    private int issued;
    private int submitted;

    LoopbackChannel(LoopbackEnd owner, int number) {
        this.owner = owner;
        for (int i = 0; i < CAPACITY; i++) {
            ring[i] = new Transfer();
        }
        thread = new LoopbackThread("loopback-" + owner.role() + "-dma" + number, this::turn);
    }

    void close() {
        issue();
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
        return submit(true, source, offset, peerAddress, bytes, meter, completion, token);
    }

    @Override
    public boolean read(long peerAddress, OwnMemory target, long offset, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return submit(false, target, offset, peerAddress, bytes, meter, completion, token);
    }

    private synchronized boolean submit(boolean write, OwnMemory own, long offset, long peerAddress, long bytes,
            LinkMeter meter, DmaCompletion completion, long token) {
        if (bytes < 1 || bytes > MAX_BYTES || (offset | peerAddress | bytes) % ALIGNMENT != 0) {
            throw new IllegalArgumentException(bytes + " bytes at " + offset + ", and at 0x" + Long.toHexString(peerAddress)
                    + " of the peer: expected multiples of " + ALIGNMENT + ", 1 to " + MAX_BYTES + " bytes");
        }
        if (offset < 0 || bytes > own.segment().byteSize() - offset) {
            throw new IllegalArgumentException(bytes + " bytes at " + offset + ": expected to end within own memory");
        }
        if (submitted - ended == CAPACITY) {
            return false;
        }
        Transfer transfer = ring[submitted % CAPACITY];
        transfer.write = write;
        transfer.own = own;
        transfer.offset = offset;
        transfer.peerAddress = peerAddress;
        transfer.bytes = bytes;
        transfer.meter = (LoopbackMeter) meter;
        transfer.completion = completion;
        transfer.token = token;
        submitted++;
        return true;
    }

    @Override
    public void issue() {
        synchronized (this) {
            issued = submitted;
        }
        thread.wake();
    }

    /** Does the next transfer; false if there is none. */
    private boolean turn() {
        Transfer next;
        synchronized (this) {
            if (ended == issued) {
                return false;
            }
            next = ring[ended % CAPACITY];
        }
        int result = run(next);
        DmaCompletion completion = next.completion;
        long token = next.token;
        synchronized (this) {
            ended++;
        }
        completion.ended(token, result);
        return true;
    }

    private int run(Transfer transfer) {
        if (owner.severed()) {
            return DmaCompletion.GONE;
        }
        LoopbackMemory memory = owner.peer().sharedAt(transfer.peerAddress, transfer.bytes);
        if (memory == null || !copy(transfer, memory)) {
            owner.peer().fault();
            return DmaCompletion.FAULT;
        }
        transfer.meter.dma(transfer.bytes);
        return DmaCompletion.DONE;
    }

    private static boolean copy(Transfer transfer, LoopbackMemory memory) {
        MemorySegment near = transfer.own.segment().asSlice(transfer.offset, transfer.bytes);
        return memory.whileShared(() -> {
            MemorySegment far = memory.slice(transfer.peerAddress, transfer.bytes);
            if (transfer.write) {
                far.copyFrom(near);
            } else {
                near.copyFrom(far);
            }
        });
    }
}
