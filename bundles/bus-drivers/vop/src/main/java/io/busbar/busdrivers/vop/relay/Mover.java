package io.busbar.busdrivers.vop.relay;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopHardwareOps;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Copies the buffers of one queue between the card's memory and the device's. What the card has is read by DMA, with what lies
 * around it up to the alignment, so that nobody waits for an answer from the link; what it gets is written to the byte: its aligned
 * middle by DMA, the rest, and whatever is short, by the processor. Nothing here waits.
 *
 * <p>For the lane, apart from the end of a transfer.
 */
final class Mover implements DmaCompletion, AutoCloseable {

    private final CardMemory card;
    private final OwnMemory memory;
    private final LinkMeter meter;
    private final DmaChannel[] channels;
    private final boolean[] submitted;
    private final int alignment;
    private final long maxBytes;
    private final int threshold;
    private final Runnable wake;
    /** Of each request, how many transfers have not ended. */
    private final AtomicIntegerArray pending;
    private volatile int failure = DONE;
    private int next;
    private boolean full;
    private boolean outside;

    /**
     * Makes it.
     *
     * @param ops       of the link
     * @param meter     of the queue
     * @param memory    the device's
     * @param size      of the queue
     * @param threshold from how many bytes on a buffer is written by DMA
     * @param wake      called when a transfer has ended
     */
    Mover(VopHardwareOps ops, LinkMeter meter, OwnMemory memory, int size, int threshold, Runnable wake) {
        this.card = new CardMemory(ops, meter);
        this.memory = memory;
        this.meter = meter;
        this.threshold = threshold;
        this.wake = wake;
        // Room is aligned to its unit, and more than that cannot be kept.
        channels = ops.dmaChannels().stream().filter(channel -> channel.alignment() <= Space.UNIT).toArray(DmaChannel[]::new);
        submitted = new boolean[channels.length];
        int widest = 1;
        long least = Long.MAX_VALUE;
        for (DmaChannel channel : channels) {
            widest = Math.max(widest, channel.alignment());
            least = Math.min(least, channel.maxBytes());
        }
        alignment = widest;
        maxBytes = least & -widest;
        pending = new AtomicIntegerArray(size);
    }

    /** Returns what buffers in the device's memory have in common with those of the card, a power of two. */
    int alignment() {
        return alignment;
    }

    /** Returns whether a buffer is all in memory that the card shares. */
    boolean isShared(long address, long bytes) {
        return card.shares(address, bytes);
    }

    /** Returns whether a request has transfers that have not ended. What {@link #failure} says after it holds for the request. */
    boolean isPending(Request request) {
        return pending.get(request.head) != 0;
    }

    /** Returns how many transfers have not ended. */
    int inFlight() {
        int sum = 0;
        for (int i = 0; i < pending.length(); i++) {
            sum += pending.get(i);
        }
        return sum;
    }

    /** Returns {@link #DONE}, or what is wrong with a copy that was made. */
    int failure() {
        return outside ? FAULT : failure;
    }

    /** Returns whether something found no room in the engine since this was asked last. */
    boolean wasFull() {
        boolean was = full;
        full = false;
        return was;
    }

    /**
     * Goes on copying what the card gives.
     *
     * @return whether all of it is on its way; else the engine is full, or {@link #failure} says what is wrong
     */
    boolean fetch(Request request) {
        while (request.segment < request.chain.readableSegments()) {
            long address = CardRing.cardAddress(request.chain, request.segment);
            int length = request.chain.length(request.segment);
            long place = request.places[request.segment];
            long before = address & alignment - 1;
            long bytes = before + length + alignment - 1 & -alignment;
            if (channels.length == 0 || !card.hasMapped(address - before, bytes)) {
                if (!card.read(address, memory.segment(), place, length)) {
                    outside = true;
                    return false;
                }
            } else if (!transfer(request, false, address - before, place - before, bytes)) {
                return false;
            }
            request.rewind(request.segment + 1);
        }
        return true;
    }

    /**
     * Goes on copying what the card gets: of the request's {@link Request#left} bytes.
     *
     * @return as {@link #fetch}
     */
    boolean store(Request request) {
        while (request.left > 0) {
            long address = CardRing.cardAddress(request.chain, request.segment);
            long length = Math.min(request.left, request.chain.length(request.segment));
            long place = request.places[request.segment];
            long head = channels.length == 0 || length < threshold ? length : Math.min(length, -address & alignment - 1);
            long body = length - head & -alignment;
            if (!request.begun && !storeEnds(address, place, head, body, length)) {
                outside = true;
                return false;
            }
            request.begun = true;
            if (!transfer(request, true, address + head, place + head, body)) {
                return false;
            }
            request.left -= length;
            request.rewind(request.segment + 1);
        }
        return true;
    }

    /** Copies the last byte that the card gets, by the processor; false as {@link #store}. */
    boolean storeLast(Request request) {
        int last = request.chain.segments() - 1;
        int offset = request.chain.length(last) - 1;
        if (!card.write(CardRing.cardAddress(request.chain, last) + offset, memory.segment(), request.places[last] + offset, 1)) {
            outside = true;
            return false;
        }
        return true;
    }

    /** Returns the last byte that the card gets, as the device has left it. */
    int last(Request request) {
        return memory.segment().get(ValueLayout.JAVA_BYTE, lastPlace(request));
    }

    /** Sets the last byte that the card gets, before the device has it. */
    void setLast(Request request, byte value) {
        memory.segment().set(ValueLayout.JAVA_BYTE, lastPlace(request), value);
    }

    private static long lastPlace(Request request) {
        int last = request.chain.segments() - 1;
        return request.places[last] + request.chain.length(last) - 1;
    }

    private boolean storeEnds(long address, long place, long head, long body, long length) {
        long tail = length - head - body;
        return (head == 0 || card.write(address, memory.segment(), place, head))
                && (tail == 0 || card.write(address + head + body, memory.segment(), place + head + body, tail));
    }

    private boolean transfer(Request request, boolean write, long address, long place, long bytes) {
        while (request.done < bytes) {
            long count = Math.min(maxBytes, bytes - request.done);
            pending.incrementAndGet(request.head);
            if (!submit(write, address + request.done, place + request.done, count, request.head)) {
                pending.decrementAndGet(request.head);
                full = true;
                return false;
            }
            request.done += count;
        }
        return true;
    }

    /** Gives a transfer to the next channel that takes it. */
    private boolean submit(boolean write, long address, long place, long bytes, int head) {
        for (int i = 0; i < channels.length; i++) {
            int at = next;
            next = next + 1 == channels.length ? 0 : next + 1;
            DmaChannel channel = channels[at];
            if (write ? channel.write(memory, place, address, bytes, meter, this, head)
                    : channel.read(address, memory, place, bytes, meter, this, head)) {
                submitted[at] = true;
                return true;
            }
        }
        return false;
    }

    /** Starts what was submitted. */
    void issue() {
        for (int i = 0; i < channels.length; i++) {
            if (submitted[i]) {
                submitted[i] = false;
                channels[i].issue();
            }
        }
    }

    /** On a thread of the link. */
    @Override
    public void ended(long token, int result) {
        if (result != DONE) {
            failure = result;
        }
        // After the failure: who sees that nothing is pending sees that too.
        pending.decrementAndGet((int) token);
        wake.run();
    }

    @Override
    public void close() {
        card.close();
    }
}
