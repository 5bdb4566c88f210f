package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.RingWords.U64;
import static io.busbar.core.virtio.ring.RingWords.USER_SPACE;
import static io.busbar.core.virtio.ring.SplitLayout.DESCRIPTOR_BYTES;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_AVAIL_F_NO_INTERRUPT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_INDIRECT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_NEXT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_WRITE;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_USED_F_NO_NOTIFY;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The driver side of a split queue (virtio 1.2, 2.7). Exists in two ways, as {@link SplitDeviceRing} does.
 *
 * <p>Links and lengths are kept in private arrays; what is written to shared memory is never read back.
 */
final class SplitDriverRing extends DriverRing {

    private static final int DESCRIPTOR_SHIFT = 4;
    private static final int FLAGS_SHIFT = 32;
    private static final int NEXT_SHIFT = 48;
    private static final int LENGTH_SHIFT = 32;
    private static final int COUNT_SHIFT = 16;
    private static final int TOKEN_SHIFT = 32;
    private static final long LENGTH_MASK = 0xffff_ffffL;
    private static final long NEXT = (long) VRING_DESC_F_NEXT << FLAGS_SHIFT;
    private static final long WRITE = (long) VRING_DESC_F_WRITE << FLAGS_SHIFT;
    private static final long INDIRECT = (long) VRING_DESC_F_INDIRECT << FLAGS_SHIFT;

    private static final DriverParts CONSTANT = Specialised.classData(MethodHandles.lookup(), DriverParts.class);

    private final DriverParts parts;

    private int free;
    private int freeHead;
    private int freeTail;
    private int availIndex;
    private int added;
    private int unkicked;
    private int usedSeen;
    private int usedNext;
    private long usedLength;
    private boolean callsDisabled;

    private int orderFirst;
    private int orderLast;
    private int batchLeft;
    private long batchLength;

    SplitDriverRing(DriverParts parts) {
        this.parts = parts;
        this.free = parts.geometry().size();
        this.freeTail = free - 1;
    }

    private DriverParts parts() {
        return CONSTANT != null ? CONSTANT : parts;
    }

    @Override
    public int add(long[] addresses, int[] lengths, int out, int in, int token) {
        DriverParts p = parts();
        int total = out + in;
        boolean indirect = total > 1 && total <= p.tableEntries();
        int needed = indirect ? 1 : total;
        if (needed > free) {
            return NO_SPACE;
        }
        int head = freeHead;
        if (indirect) {
            addTable(p, head, addresses, lengths, out, total, token);
        } else {
            addDirect(p, head, addresses, lengths, out, total, token);
        }
        free -= needed;
        if (p.geometry().inOrder()) {
            p.order()[orderLast++ & p.geometry().size() - 1] = head;
        }
        RingWords.putU16Plain(p.geometry().all(), p.geometry().availSlot(availIndex + added), head);
        added++;
        return 0;
    }

    /**
     * Writes a chain into the descriptor table. The loop ends in its middle: the compiler would surround one that
     * counts with preparations that cost more than a chain of three. Following the links is what takes the time, so
     * nothing is between one link and the next but the load. Stores go through {@link RingWords#U64} for the reason
     * that {@link SplitDeviceRing} has.
     */
    private void addDirect(
            DriverParts p, int head, long[] addresses, int[] lengths, int out, int total, int token) {
        MemorySegment all = p.geometry().all();
        int[] next = p.next();
        long writable = 0;
        int index = head;
        int i = 0;
        while (true) {
            int following = next[index];
            long at = p.geometry().descriptors() + ((long) index << DESCRIPTOR_SHIFT) & USER_SPACE;
            long rest = lengths[i] & LENGTH_MASK;
            if (i >= out) {
                writable += rest;
                rest |= WRITE;
            }
            U64.set(all, at, addresses[i]);
            if (++i == total) {
                U64.set(all, at + Long.BYTES, rest);
                note(p, head, index, total, writable, token);
                freeHead = following;
                return;
            }
            U64.set(all, at + Long.BYTES, rest | NEXT | (long) following << NEXT_SHIFT);
            index = following;
        }
    }

    /** Writes a chain into the indirect table of its head. */
    private void addTable(
            DriverParts p, int head, long[] addresses, int[] lengths, int out, int total, int token) {
        SplitGeometry g = p.geometry();
        MemorySegment all = g.all();
        long offset = (long) head * p.tableEntries() * DESCRIPTOR_BYTES;
        long writable = 0;
        for (int i = 0; i < total; i++) {
            long rest = lengths[i] & LENGTH_MASK;
            if (i >= out) {
                writable += rest;
                rest |= WRITE;
            }
            if (i + 1 < total) {
                rest |= NEXT | (long) (i + 1) << NEXT_SHIFT;
            }
            long address = p.tables() + offset + ((long) i << DESCRIPTOR_SHIFT);
            RingWords.putU64Plain(all, address, addresses[i]);
            RingWords.putU64Plain(all, address + Long.BYTES, rest);
        }
        long descriptor = g.descriptors() + ((long) head << DESCRIPTOR_SHIFT);
        RingWords.putU64Plain(all, descriptor, p.tablesIova() + offset);
        RingWords.putU64Plain(all, descriptor + Long.BYTES, (long) total * DESCRIPTOR_BYTES | INDIRECT);
        note(p, head, head, 1, writable, token);
        freeHead = p.next()[head];
    }

    /** Notes an outstanding chain by its head. */
    private static void note(DriverParts p, int head, int last, int descriptors, long writable, int token) {
        long[] outstanding = p.outstanding();
        int at = 2 * head & outstanding.length - 2;
        outstanding[at] = (long) token << TOKEN_SHIFT | (long) descriptors << COUNT_SHIFT | last;
        outstanding[at + 1] = writable;
    }

    @Override
    public int publish() {
        int count = added;
        if (count != 0) {
            SplitGeometry g = parts().geometry();
            availIndex = availIndex + count & 0xffff;
            // Pairs with the device's acquire of avail.idx: slots, descriptors and data come before it.
            RingWords.putU16AfterRelease(g.all(), g.avail() + SplitLayout.IDX, availIndex);
            added = 0;
            unkicked += count;
        }
        return count;
    }

    @Override
    public boolean kickNeeded() {
        int count = unkicked;
        if (count == 0) {
            return false;
        }
        unkicked = 0;
        SplitGeometry g = parts().geometry();
        // Store-load: pairs with the device's fence between writing avail_event (or flags) and reading avail.idx again.
        VarHandle.fullFence();
        if (g.eventIdx()) {
            int event = RingWords.u16Plain(g.all(), g.availEvent());
            return (availIndex - event - 1 & 0xffff) < count;
        }
        return (RingWords.u16Plain(g.all(), g.used() + SplitLayout.FLAGS) & VRING_USED_F_NO_NOTIFY) == 0;
    }

    @Override
    public int poll() {
        if (fault != RingFault.NONE) {
            return fault;
        }
        DriverParts p = parts();
        SplitGeometry g = p.geometry();
        if (usedNext == usedSeen) {
            // Pairs with the device's release of used.idx: elements and data before it are visible after this.
            int seen = RingWords.u16Acquire(g.all(), g.used() + SplitLayout.IDX);
            if (seen == usedNext) {
                return EMPTY;
            }
            if ((seen - usedNext & 0xffff) > (availIndex - usedNext & 0xffff)) {
                return broken(RingFault.USED_INDEX_JUMP);
            }
            usedSeen = seen;
        }
        if (g.inOrder()) {
            return pollInOrder(p);
        }
        long element = RingWords.u64Plain(g.all(), g.usedSlot(usedNext));
        int wrong = judge(p, element);
        if (wrong != RingFault.NONE) {
            return broken(wrong);
        }
        int head = (int) element;
        long noted = forget(p, head);
        usedLength = element >>> LENGTH_SHIFT;
        usedNext = usedNext + 1 & 0xffff;
        p.next()[last(noted)] = freeHead;
        freeHead = head;
        free += count(noted);
        return token(noted);
    }

    private static int judge(DriverParts p, long element) {
        int head = (int) element;
        if (Integer.compareUnsigned(head, p.geometry().size()) >= 0) {
            return RingFault.USED_ID_OUT_OF_RANGE;
        }
        long[] outstanding = p.outstanding();
        int at = 2 * head & outstanding.length - 2;
        if (outstanding[at] == 0) {
            return RingFault.USED_ID_NOT_OUTSTANDING;
        }
        return element >>> LENGTH_SHIFT > outstanding[at + 1] ? RingFault.USED_LENGTH_TOO_LARGE : RingFault.NONE;
    }

    /** Returns what was noted of a chain, which is no longer outstanding then. */
    private static long forget(DriverParts p, int head) {
        long[] outstanding = p.outstanding();
        int at = 2 * head & outstanding.length - 2;
        long noted = outstanding[at];
        outstanding[at] = 0;
        return noted;
    }

    private static int last(long noted) {
        return (int) noted & 0xffff;
    }

    private static int count(long noted) {
        return (int) noted >>> COUNT_SHIFT;
    }

    private static int token(long noted) {
        return (int) (noted >>> TOKEN_SHIFT);
    }

    /** One element may stand for all chains up to its own, which are then fully used (virtio 1.2, 2.7.9). */
    private int pollInOrder(DriverParts p) {
        int mask = p.geometry().size() - 1;
        if (batchLeft == 0) {
            long element = RingWords.u64Plain(p.geometry().all(), p.geometry().usedSlot(usedNext));
            int wrong = judge(p, element);
            if (wrong != RingFault.NONE) {
                return broken(wrong);
            }
            int covered = usedSeen - usedNext & 0xffff;
            int batch = 1;
            while (p.order()[orderFirst + batch - 1 & mask] != (int) element) {
                if (++batch > covered) {
                    return broken(RingFault.USED_OUT_OF_ORDER);
                }
            }
            batchLeft = batch;
            batchLength = element >>> LENGTH_SHIFT;
        }
        int head = p.order()[orderFirst++ & mask];
        long writable = p.outstanding()[2 * head + 1];
        long noted = forget(p, head);
        batchLeft--;
        usedLength = batchLeft == 0 ? batchLength : writable;
        usedNext = usedNext + 1 & 0xffff;
        if (free == 0) {
            freeHead = head;
        } else {
            p.next()[freeTail] = head;
        }
        freeTail = last(noted);
        free += count(noted);
        return token(noted);
    }

    private int broken(int code) {
        fault = code;
        return code;
    }

    @Override
    public long usedLength() {
        return usedLength;
    }

    @Override
    public boolean enableCalls() {
        SplitGeometry g = parts().geometry();
        if (g.eventIdx()) {
            RingWords.putU16Plain(g.all(), g.usedEvent(), usedNext);
        } else if (callsDisabled) {
            RingWords.putU16Plain(g.all(), g.avail() + SplitLayout.FLAGS, 0);
        }
        callsDisabled = false;
        // Store-load: pairs with the device's fence between used.idx and reading used_event (or flags).
        VarHandle.fullFence();
        return RingWords.u16Acquire(g.all(), g.used() + SplitLayout.IDX) != usedNext;
    }

    @Override
    public void disableCalls() {
        SplitGeometry g = parts().geometry();
        if (!g.eventIdx() && !callsDisabled) {
            RingWords.putU16Plain(g.all(), g.avail() + SplitLayout.FLAGS, VRING_AVAIL_F_NO_INTERRUPT);
            callsDisabled = true;
        }
    }

    @Override
    public int free() {
        return free;
    }

    @Override
    public int outstanding() {
        return availIndex + added - usedNext & 0xffff;
    }
}
