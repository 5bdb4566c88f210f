package io.busbar.drivers.x100.link;

import io.busbar.core.linux.CurrentThread;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One channel of the DMA engine: works off the descriptors between tail and head of its ring, in order. A descriptor that cannot be
 * done stops it, with the reason in DCHERR; when that is cleared, it goes on behind it. It has a thread once it had work.
 */
public final class DmaUnit {

    /** Attributes: bits 24 and 25 mask the interrupts of a channel of the card and of the host. */
    public static final int DCAR = 0;

    /** Head: the index behind the last descriptor that is to be done. */
    public static final int DHPR = 4;

    /** Tail: the index of the descriptor that is done next. */
    public static final int DTPR = 8;

    /** Where the ring is, bits 0 to 31. */
    public static final int DRAR_LO = 20;

    /** Where the ring is, further bits, and its size; see {@link #ring}. */
    public static final int DRAR_HI = 24;

    /** State: bits 0 to 16 as the tail, {@link #QUIESCED}. */
    public static final int DSTAT = 32;

    /** Errors; what is written clears them. */
    public static final int DCHERR = 44;

    /** Errors that are not told. */
    public static final int DCHERRMSK = 48;

    /** In DSTAT: it does nothing, and will not. */
    public static final int QUIESCED = 1 << 29;

    /** In DCHERR: bytes at the source are nobody's. */
    public static final int BAD_SOURCE = 1;

    /** In DCHERR: bytes at the target are nobody's, or not to be written. */
    public static final int BAD_TARGET = 2;

    /** In DCHERR: a descriptor, or the place where one should be, is none. */
    public static final int BAD_DESCRIPTOR = 4;

    /** In DCHERR: a head that is outside the ring, or the same that was written before; it is ignored. */
    public static final int BAD_HEAD = 8;

    /** Those of DCHERR at which it stops. */
    static final int STOPPED = BAD_SOURCE | BAD_TARGET | BAD_DESCRIPTOR;

    /** In DCAR: no interrupts from a channel of the card. */
    public static final int CARD_MASK = 1 << 24;

    /** In DCAR: no interrupts from a channel of the host. */
    public static final int HOST_MASK = 1 << 25;

    /** Descriptors that Linux has in a ring. */
    public static final int LINUX_RING = 128 * 1024 - 4;

    /** The most descriptors that the field in {@link #DRAR_HI} can say. */
    private static final int SIZE_MASK = 0x1ffff;

    private static final int SIZE_SHIFT = 4;
    private static final int INDEX_MASK = 0x1ffff;
    private static final int SMPT_SHIFT = 21;
    private static final int SMPT_MASK = 0x1f;
    private static final int SYSTEM_MEMORY = 1 << 26;
    private static final int HOST_HIGH = 0x3;
    private static final int CARD_HIGH = 0xf;
    private static final Logger LOG = LoggerFactory.getLogger(DmaUnit.class);
    private static final long END_MILLIS = 5_000;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final PciLink link;
    private final int number;
    /** Held while a descriptor is done: who has had it after memory was taken away knows that nobody is in it. */
    private final ReentrantLock engine = new ReentrantLock();
    private volatile int head;
    private volatile int tail;
    private volatile int errors;
    private volatile boolean enabled;
    private volatile boolean ofHost;
    private volatile boolean ended;
    private volatile Thread thread;
    private int dcar;
    private int drarLow;
    private int drarHigh;
    private int errorMask;
    private long descriptors;
    private long bytes;
    /** The descriptor that is being done. */
    private long first;
    private long second;

    /**
     * The state of a channel.
     *
     * @param number      0 to 7
     * @param ofHost      whose it is
     * @param enabled     whether it works
     * @param head        index
     * @param tail        index
     * @param size        descriptors of the ring
     * @param ring        where that is, the card's address
     * @param errors      DCHERR
     * @param descriptors that were done
     * @param bytes       that were copied
     */
    public record State(int number, boolean ofHost, boolean enabled, int head, int tail, int size, long ring, int errors,
            long descriptors, long bytes) {}

    DmaUnit(PciLink link, int number) {
        this.link = link;
        this.number = number;
    }

    /**
     * Returns DRAR_HI for a ring.
     *
     * @param address of the ring, the card's
     * @param size    descriptors
     */
    static int ring(long address, int size) {
        if (address >= Smpt.BASE) {
            long entry = address - Smpt.BASE >> Smpt.PAGE_SHIFT;
            return (int) (address >>> Integer.SIZE) & HOST_HIGH | size << SIZE_SHIFT | (int) entry << SMPT_SHIFT | SYSTEM_MEMORY;
        }
        return (int) (address >>> Integer.SIZE) & CARD_HIGH | size << SIZE_SHIFT;
    }

    private long ringAddress() {
        long low = Integer.toUnsignedLong(drarLow);
        if ((drarHigh & SYSTEM_MEMORY) != 0) {
            long entry = drarHigh >>> SMPT_SHIFT & SMPT_MASK;
            return Smpt.BASE + (entry << Smpt.PAGE_SHIFT) + ((long) (drarHigh & HOST_HIGH) << Integer.SIZE) + low;
        }
        return ((long) (drarHigh & CARD_HIGH) << Integer.SIZE) + low;
    }

    private int size() {
        return drarHigh >>> SIZE_SHIFT & SIZE_MASK;
    }

    State state() {
        engine.lock();
        try {
            return new State(number, ofHost, enabled, head, tail, size(), ringAddress(), errors, descriptors, bytes);
        } finally {
            engine.unlock();
        }
    }

    int read(int register) {
        engine.lock();
        try {
            return switch (register) {
                case DCAR -> dcar;
                case DHPR -> head;
                case DTPR -> tail;
                case DRAR_LO -> drarLow;
                case DRAR_HI -> drarHigh;
                case DSTAT -> tail & INDEX_MASK | (enabled ? 0 : QUIESCED);
                case DCHERR -> errors;
                case DCHERRMSK -> errorMask;
                default -> 0;
            };
        } finally {
            engine.unlock();
        }
    }

    void write(int register, int value) {
        if (register == DHPR) {
            push(value);
            return;
        }
        engine.lock();
        try {
            switch (register) {
                case DCAR -> dcar = value;
                case DTPR -> tail = enabled ? tail : value;
                case DRAR_LO -> drarLow = enabled ? drarLow : value;
                case DRAR_HI -> drarHigh = enabled ? drarHigh : value;
                case DCHERRMSK -> errorMask = value;
                case DCHERR -> clear(value);
                default -> { }
            }
        } finally {
            engine.unlock();
        }
    }

    private void push(int value) {
        engine.lock();
        try {
            if (!enabled) {
                return;
            }
            if (value == head || value < 0 || value >= size()) {
                errors |= BAD_HEAD;
                return;
            }
            head = value;
            if (thread == null && !ended) {
                thread = Thread.ofPlatform().daemon().name("busbar-" + link.name() + "-dma" + number).start(this::run);
            }
        } finally {
            engine.unlock();
        }
        LockSupport.unpark(thread);
    }

    /** Goes on behind what has failed. */
    private void clear(int value) {
        boolean stopped = (errors & STOPPED) != 0;
        errors &= ~value;
        if (stopped && (errors & STOPPED) == 0 && tail != head) {
            tail = next(tail);
        }
        LockSupport.unpark(thread);
    }

    private int next(int index) {
        return index + 1 == size() ? 0 : index + 1;
    }

    /** Switches it, as DCR says. It is at rest when the call returns, if it is off. */
    void enable(boolean on, boolean host) {
        engine.lock();
        try {
            if (on && !enabled) {
                head = tail;
            }
            ofHost = host;
            enabled = on;
        } finally {
            engine.unlock();
        }
    }

    /** Returns whether it works. */
    boolean enabled() {
        return enabled;
    }

    boolean ofHost() {
        return ofHost;
    }

    void reset() {
        engine.lock();
        try {
            enabled = false;
            ofHost = false;
            head = 0;
            tail = 0;
            errors = 0;
            dcar = 0;
            drarLow = 0;
            drarHigh = 0;
        } finally {
            engine.unlock();
        }
    }

    /** Returns when no descriptor is being done that was begun before; the next one sees what has changed. */
    void settle() {
        engine.lock();
        engine.unlock();
    }

    private void run() {
        while (!ended) {
            if (!stepOrSay()) {
                LockSupport.park(this);
            }
        }
    }

    /** Whatever a step meets, the channel goes on: its work is that of others. */
    private boolean stepOrSay() {
        try {
            return step();
        } catch (RuntimeException | Error e) {
            LOG.warn("{}: DMA channel {}: who was told of a descriptor failed", link.name(), number, e);
            return true;
        }
    }

    /** Does a descriptor; false if there is none. */
    private boolean step() {
        long nanos = 0;
        boolean interrupt = false;
        int error;
        engine.lock();
        try {
            if (!enabled || (errors & STOPPED) != 0 || tail == head) {
                return false;
            }
            error = fetchAndWork();
            if (error == 0) {
                interrupt = DmaDescriptor.interrupts(second) && DmaDescriptor.type(second) == DmaDescriptor.STATUS;
                nanos = DmaDescriptor.type(second) == DmaDescriptor.COPY ? link.timing().dma(DmaDescriptor.bytes(first)) : 0;
                descriptors++;
                tail = next(tail);
            }
        } finally {
            engine.unlock();
        }
        // What this copy takes passes before the status behind it is written.
        link.timing().pass(nanos);
        if (error != 0) {
            fail(error);
        } else if (interrupt) {
            link.dmaDone(number, ofHost, masked());
        }
        return true;
    }

    private int fetchAndWork() {
        try {
            int error = fetch();
            error = error == 0 ? work() : error;
            CurrentThread.throwPendingFault();
            return error;
        } catch (RuntimeException | InternalError e) {
            // A file of the ring, or of a status, has become shorter; or worse: it stops there, as with a descriptor that is none.
            LOG.warn("{}: DMA channel {}: descriptor {}", link.name(), number, tail, e);
            return BAD_DESCRIPTOR;
        }
    }

    /** Reads the descriptor at the tail; returns an error, or 0. */
    private int fetch() {
        long at = ringAddress() + (long) tail * DmaDescriptor.BYTES;
        SharedMemory ring = link.at(at, DmaDescriptor.BYTES);
        if (ring == null) {
            return BAD_DESCRIPTOR;
        }
        long offset = at - ring.peerAddress();
        first = ring.segment().get(WORD, offset);
        second = ring.segment().get(WORD, offset + Long.BYTES);
        return 0;
    }

    private boolean masked() {
        return (dcar & (ofHost ? HOST_MASK : CARD_MASK)) != 0;
    }

    private void fail(int error) {
        engine.lock();
        try {
            errors |= error;
            if ((errorMask & error) != 0) {
                return;
            }
        } finally {
            engine.unlock();
        }
        link.dmaFailed(number, ofHost);
    }

    private int work() {
        return switch (DmaDescriptor.type(second)) {
            case DmaDescriptor.COPY -> copy(DmaDescriptor.address(first), DmaDescriptor.address(second), DmaDescriptor.bytes(first));
            case DmaDescriptor.STATUS -> status(DmaDescriptor.address(second), first);
            default -> BAD_DESCRIPTOR;
        };
    }

    private int copy(long source, long target, long length) {
        SharedMemory from = length == 0 ? null : link.at(source, length);
        if (from == null || from.forEngine()) {
            return BAD_SOURCE;
        }
        SharedMemory to = link.at(target, length);
        // The engine cannot copy from the host's memory to the host's.
        if (to == null || to.forEngine() || !to.writable() || source >= Smpt.BASE && target >= Smpt.BASE) {
            return BAD_TARGET;
        }
        try {
            MemorySegment.copy(from.segment(), source - from.peerAddress(),
                    to.segment(), target - to.peerAddress(), length);
            // Here at the latest: a transfer has ended only when its bytes are there.
            CurrentThread.throwPendingFault();
        } catch (InternalError cutShort) {
            return BAD_SOURCE; // A file of one of the two has become shorter.
        }
        bytes += length;
        return 0;
    }

    private int status(long target, long value) {
        SharedMemory to = link.at(target, Long.BYTES);
        if (to == null || !to.writable() || target % Long.BYTES != 0) {
            return BAD_TARGET;
        }
        to.segment().set(WORD, target - to.peerAddress(), value);
        return 0;
    }

    /** Ends the thread. */
    void close() {
        ended = true;
        reset();
        Thread worker = thread;
        LockSupport.unpark(worker);
        if (worker != null && worker != Thread.currentThread()) {
            try {
                worker.join(END_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
