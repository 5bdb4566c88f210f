package io.busbar.drivers.x100.link;

import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.DmaCompletion;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver of one channel of the DMA engine: a ring of descriptors in own memory, and behind it a word in which the engine says
 * how far it has got. So nothing is read over the link but after an error.
 *
 * <p>What is submitted is started together, by one write of the head. Before it come two statuses, of which the second interrupts, as
 * the hardware wants it.
 */
final class DmaRing implements DmaChannel {

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int STATUSES = 2;
    private static final long NOBODYS = 0;
    /** A ring that is full would look like one that is empty. */
    private static final int GAP = 1;

    private static final Logger LOG = LoggerFactory.getLogger(DmaRing.class);

    private final RegisterPort registers;
    private final boolean ofHost;
    private final int channel;
    private final int size;
    private final long maxBytes;
    private final SharedMemory memory;
    private final MemorySegment descriptors;
    private final long statusOffset;
    private final DmaCompletion[] completions;
    private final Meter[] meters;
    private final long[] tokens;
    private final long[] lengths;
    /** Held while an error is dealt with: channels of an end share the interrupt for it. */
    private final ReentrantLock recovery = new ReentrantLock();
    /** Descriptors that were ever written, given to the engine, and done. */
    private long written;
    private long issued;
    private long done;
    private boolean gone;

    /**
     * Sets the channel up.
     *
     * @param end      whose it is
     * @param channel  0 to 7
     * @param size     descriptors of the ring
     * @param maxBytes of one transfer
     */
    DmaRing(LinkEnd end, int channel, int size, long maxBytes) throws VopException {
        this.registers = end.registers();
        this.ofHost = end.role() == VopRole.HOST;
        this.channel = channel;
        this.size = size;
        this.maxBytes = maxBytes;
        statusOffset = (long) size * DmaDescriptor.BYTES;
        memory = end.allocateForEngine("descriptors of DMA channel " + channel, statusOffset + Long.BYTES);
        descriptors = memory.segment();
        completions = new DmaCompletion[size];
        meters = new Meter[size];
        tokens = new long[size];
        lengths = new long[size];
        long address = memory.peerAddress();
        registers.write(Register.dma(channel, DmaUnit.DTPR), 0);
        registers.write(Register.dma(channel, DmaUnit.DRAR_LO), (int) address);
        registers.write(Register.dma(channel, DmaUnit.DRAR_HI), DmaUnit.ring(address, size));
    }

    @Override
    public int alignment() {
        return DmaDescriptor.ALIGNMENT;
    }

    @Override
    public long maxBytes() {
        return maxBytes;
    }

    @Override
    public boolean write(OwnMemory source, long offset, long peerAddress, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return submit(own(source, offset, bytes), peerAddress, peerAddress, bytes, meter, completion, token);
    }

    @Override
    public boolean read(long peerAddress, OwnMemory target, long offset, long bytes, LinkMeter meter,
            DmaCompletion completion, long token) {
        return submit(peerAddress, own(target, offset, bytes), peerAddress, bytes, meter, completion, token);
    }

    private static long own(OwnMemory memory, long offset, long bytes) {
        long size = ((SharedMemory) memory).size();
        if (offset < 0 || bytes > size - offset) {
            throw new IllegalArgumentException(bytes + " bytes at " + offset + ": expected to end within " + size);
        }
        return memory.peerAddress() + offset;
    }

    private boolean submit(long source, long target, long peerAddress, long bytes, LinkMeter meter, DmaCompletion completion,
            long token) {
        if (bytes < 1 || bytes > maxBytes || ((source | target | bytes) & DmaDescriptor.ALIGNMENT - 1) != 0) {
            throw new IllegalArgumentException(bytes + " bytes from 0x" + Long.toHexString(source) + " to 0x"
                    + Long.toHexString(target) + ": expected multiples of " + DmaDescriptor.ALIGNMENT + ", 1 to " + maxBytes + " bytes");
        }
        synchronized (this) {
            if (size - GAP - (written - done) < 1 + STATUSES) {
                return false;
            }
            int slot = slot(written);
            put(slot, DmaDescriptor.copySource(sayable(source, peerAddress), bytes),
                    DmaDescriptor.copyTarget(sayable(target, peerAddress)));
            completions[slot] = completion;
            meters[slot] = (Meter) meter;
            tokens[slot] = token;
            lengths[slot] = bytes;
            written++;
            return true;
        }
    }

    /** What is no address of the peer, and may not even fit a descriptor, becomes one that is nobody's: the engine refuses that. */
    private long sayable(long address, long peerAddress) {
        boolean peers = ofHost ? peerAddress >= 0 && peerAddress < PciLink.CARD_REGISTERS
                : peerAddress >= Smpt.BASE && peerAddress < Smpt.END;
        return address == peerAddress && !peers ? NOBODYS : address;
    }

    private int slot(long sequence) {
        return (int) (sequence % size);
    }

    private void put(int slot, long first, long second) {
        descriptors.set(WORD, (long) slot * DmaDescriptor.BYTES, first);
        descriptors.set(WORD, (long) slot * DmaDescriptor.BYTES + Long.BYTES, second);
    }

    @Override
    public void issue() {
        synchronized (this) {
            if (written == issued) {
                return;
            }
            if (!gone) {
                long all = written + STATUSES;
                put(slot(written), all, DmaDescriptor.statusTarget(memory.peerAddress() + statusOffset, false));
                put(slot(written + 1), all, DmaDescriptor.statusTarget(memory.peerAddress() + statusOffset, true));
                written = all;
            }
            issued = written;
            if (!gone) {
                registers.write(Register.dma(channel, DmaUnit.DHPR), slot(issued));
                return;
            }
        }
        end(Long.MAX_VALUE, DmaCompletion.GONE);
    }

    /** The engine has come to a status. */
    void interrupt() {
        // What it says is clamped to what was given to it.
        end(descriptors.get(WORD, statusOffset), DmaCompletion.DONE);
    }

    /** The engine has stopped at a descriptor, of this channel or another. */
    void error() {
        recovery.lock();
        try {
            int errors = registers.read(Register.dma(channel, DmaUnit.DCHERR));
            if (lost() || (errors & DmaUnit.STOPPED) == 0) {
                return;
            }
            long failed = sequence(registers.read(Register.dma(channel, DmaUnit.DTPR)));
            end(failed, DmaCompletion.DONE);
            end(failed + 1, DmaCompletion.FAULT);
            registers.write(Register.dma(channel, DmaUnit.DCHERR), errors);
        } finally {
            recovery.unlock();
        }
    }

    private synchronized boolean lost() {
        return gone;
    }

    private synchronized long sequence(int slot) {
        return done + Math.floorMod(slot - slot(done), size);
    }

    /** Ends what was given to the engine, up to a sequence number. */
    private void end(long sequence, int result) {
        while (true) {
            DmaCompletion completion;
            Meter meter;
            long token;
            long bytes;
            synchronized (this) {
                if (done >= Math.min(sequence, issued)) {
                    return;
                }
                int slot = slot(done);
                completion = completions[slot];
                meter = meters[slot];
                token = tokens[slot];
                bytes = lengths[slot];
                completions[slot] = null;
                meters[slot] = null;
                done++;
            }
            if (completion != null) {
                if (result == DmaCompletion.DONE) {
                    meter.dma(bytes);
                }
                tell(completion, token, result);
            }
        }
    }

    private void tell(DmaCompletion completion, long token, int result) {
        try {
            completion.ended(token, result);
        } catch (RuntimeException | Error e) {
            // Also an error: the completion's bundle may be gone. The others are told all the same.
            LOG.warn("DMA channel {}: a completion failed", channel, e);
        }
    }

    /** The engine has stopped for good. */
    void lose() {
        synchronized (this) {
            gone = true;
            issued = written;
        }
        end(Long.MAX_VALUE, DmaCompletion.GONE);
    }

    void close() {
        memory.close();
    }
}
