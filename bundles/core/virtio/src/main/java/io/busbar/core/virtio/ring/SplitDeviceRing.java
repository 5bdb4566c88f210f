package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.RingWords.U64;
import static io.busbar.core.virtio.ring.RingWords.USER_SPACE;
import static io.busbar.core.virtio.ring.SplitLayout.DESCRIPTOR_BYTES;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_AVAIL_F_NO_INTERRUPT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_INDIRECT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_NEXT;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_DESC_F_WRITE;
import static io.busbar.core.virtio.ring.SplitLayout.VRING_USED_F_NO_NOTIFY;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The device side of a split queue (virtio 1.2, 2.7).
 *
 * <p>This class exists in two ways. As it is, it serves any queue. {@link Specialised} defines its bytes again, as a
 * hidden class for one queue, with that queue's parts as class data: then {@link #CONSTANT} is not null, and to the
 * compiler every address, size and array is a constant. So there must be no nested class and no lambda in here.
 *
 * <p>A descriptor is read as two 64-bit words, once, into locals; checks and use are on the locals.
 */
final class SplitDeviceRing extends DeviceRing {

    /** Segments that the chains of a queue together may grow by: 16 MiB. */
    static final int GROWTH_BUDGET = 1 << 20;

    private static final int DONE = 0;
    private static final int UNUSUAL = 1;
    private static final int MET_TABLE = 2;
    private static final int NOT_READ = 3;

    /** Bytes of a cache line. */
    private static final int LINE = 64;

    private static final int DESCRIPTOR_SHIFT = 4;
    private static final int FLAGS_SHIFT = 32;
    private static final int NEXT_SHIFT = 48;
    private static final long LENGTH_MASK = 0xffff_ffffL;
    private static final long NEXT = (long) VRING_DESC_F_NEXT << FLAGS_SHIFT;
    private static final long WRITE = (long) VRING_DESC_F_WRITE << FLAGS_SHIFT;
    private static final long INDIRECT = (long) VRING_DESC_F_INDIRECT << FLAGS_SHIFT;
    private static final long KIND = WRITE | INDIRECT;
    private static final long TABLE_KIND = NEXT | INDIRECT;
    private static final long MAX_CHAIN_BYTES = 1L << 32;

    private static final DeviceParts CONSTANT = Specialised.classData(MethodHandles.lookup(), DeviceParts.class);

    private final DeviceParts parts;

    private int nextAvail;
    private int usedIndex;
    private long nextTicket;

    private Regions regions;

    /** The region used last for readable buffers, and the longest segment in it. */
    private long readIova;
    private long readSize;
    private long readLongest;
    private long readDelta;

    /** The region used last for writable buffers; another one, as requests and data are often apart. */
    private long writeIova;
    private long writeSize;
    private long writeLongest;
    private long writeDelta;

    /** The chain that {@link #takeUsual} left: its head, and NOT_READ or what {@link #walk} said. */
    private int metHead;
    private int metCode;

    /** The table in which {@link #walk} stopped: whether it is an indirect one, which follows no other descriptor. */
    private boolean metIndirect;
    private long metTable;
    private int metEntries;

    /** The descriptor that {@link #walk} left, how many came before it, and whether a writable one did. */
    private long metIova;
    private long metRest;
    private int metCount;
    private boolean metWriting;

    /** Nobody reads it: without it the compiler would leave out what {@link #touch} reads. */
    private int touched;

    private int growth;
    private MemorySegment tableCopy;

    private final int[] order;
    private int orderFirst;
    private int orderLast;

    private boolean kicksDisabled;
    private int uncalled;
    private int calledIndex;
    private boolean calledBefore;

    SplitDeviceRing(DeviceParts parts, DeviceRingConfig config, Regions regions) {
        super(parts.chains(), parts.taken(), parts.staged(), parts.geometry().inOrder());
        SplitGeometry geometry = parts.geometry();
        this.parts = parts;
        this.regions = regions;
        this.order = geometry.inOrder() ? new int[config.size()] : null;
        this.nextAvail = config.nextAvail();
        this.nextTicket = config.nextTicket();
        this.usedIndex = RingWords.u16Acquire(geometry.all(), geometry.used() + SplitLayout.IDX);
        // An earlier owner of the ring may have left kicks switched off.
        this.kicksDisabled = !geometry.eventIdx()
                && RingWords.u16Plain(geometry.all(), geometry.used() + SplitLayout.FLAGS) != 0;
    }

    private DeviceParts parts() {
        return CONSTANT != null ? CONSTANT : parts;
    }

    @Override
    public int take(int max) {
        if (fault != RingFault.NONE) {
            return fault;
        }
        DeviceParts p = parts();
        SplitGeometry g = p.geometry();
        MemorySegment all = g.all();
        int first = nextAvail;
        // Pairs with the driver's release of avail.idx: slots, descriptors and data before it are visible after this.
        int ready = RingWords.u16Acquire(all, g.avail() + SplitLayout.IDX) - first & 0xffff;
        if (ready > g.size()) {
            return broken(RingFault.AVAIL_INDEX_JUMP);
        }
        int wanted = Math.min(ready, max);
        int count = takeUsual(first, 0, wanted);
        while (count < wanted && takeMet(count)) {
            count = takeUsual(first, count + 1, wanted);
        }
        nextAvail = first + count & 0xffff;
        record(p, count);
        return accept(p, count);
    }

    /**
     * Takes chains as long as nothing is unusual, and leaves the first that is to {@link #takeMet}. So no call is inside
     * the loop: the compiler keeps nothing in a register across a call, and the usual chains would pay for that.
     *
     * @param first  index of the first chain of this taking in the available ring
     * @param from   how many were taken already
     * @param wanted how many there are to take
     * @return how many are taken now
     */
    private int takeUsual(int first, int from, int wanted) {
        DeviceParts p = parts();
        SplitGeometry g = p.geometry();
        Chain[] chains = p.chains();
        int[] taken = p.taken();
        int count = from;
        while (count < wanted) {
            int head = RingWords.u16Plain(g.all(), g.availSlot(first + count));
            Chain chain = chains[head & chains.length - 1];
            metHead = head;
            if (head >= g.size() || chain.state != Chain.IDLE) {
                metCode = NOT_READ;
                break;
            }
            if (readUsual(p, g, head, chain) != DONE) {
                break;
            }
            chain.state = Chain.TAKEN;
            chain.ticket = nextTicket + count;
            taken[count++] = head;
        }
        return count;
    }

    /**
     * Reads a chain as {@link #walk} does; one that is an indirect table from that, if the table lies in the region used
     * last for reading.
     *
     * @return what {@code walk} returned, and if that is not DONE, where it stopped is noted
     */
    private int readUsual(DeviceParts p, SplitGeometry g, int head, Chain chain) {
        MemorySegment all = g.all();
        long table = g.descriptors();
        int entries = g.size();
        boolean indirect = false;
        long at = table + ((long) head << DESCRIPTOR_SHIFT) & USER_SPACE;
        long iova = (long) U64.get(all, at);
        long rest = (long) U64.get(all, at + Long.BYTES);
        if (g.indirect() && (rest & TABLE_KIND) == INDIRECT) {
            long length = rest & LENGTH_MASK;
            long offset = iova - readIova;
            if (length != 0 && length % DESCRIPTOR_BYTES == 0 && length <= (long) p.chainLimit() << DESCRIPTOR_SHIFT
                    && offset >= 0 && offset <= readSize - length) {
                table = iova + readDelta & USER_SPACE;
                entries = (int) (length >> DESCRIPTOR_SHIFT);
                indirect = true;
                iova = (long) U64.get(all, table);
                rest = (long) U64.get(all, table + Long.BYTES);
            }
        }
        int code = walk(table, entries, iova, rest, chain, head * Chain.NEAR_WORDS);
        if (code != DONE) {
            metCode = code;
            metIndirect = indirect;
            metTable = table;
            metEntries = entries;
        }
        return code;
    }

    /** Takes the chain that {@link #takeUsual} has left, as the one of this place; false if it breaks the queue. */
    private boolean takeMet(int place) {
        return metCode == NOT_READ ? takeOne(metHead, place) : finish(metCode, chains[metHead], place);
    }

    @Override
    public int takeAgain(int[] heads, int count) {
        if (fault != RingFault.NONE) {
            return fault;
        }
        int done = 0;
        while (done < count && takeOne(heads[done], done)) {
            done++;
        }
        return accept(parts(), done);
    }

    /** Takes one chain, whatever it is; false if it breaks the queue. */
    private boolean takeOne(int head, int place) {
        DeviceParts p = parts();
        SplitGeometry g = p.geometry();
        if (head < 0 || head >= g.size()) {
            broken(RingFault.HEAD_OUT_OF_RANGE);
            return false;
        }
        Chain chain = chains[head];
        if (chain.state != Chain.IDLE && !chain.becomeIdle()) {
            broken(RingFault.HEAD_TWICE);
            return false;
        }
        meetFirst(p, g.descriptors() + ((long) head << DESCRIPTOR_SHIFT));
        metIndirect = false;
        int code = walk(g.descriptors(), g.size(), metIova, metRest, chain, head * Chain.NEAR_WORDS);
        return finish(code, chain, place);
    }

    /** Takes a chain as far as {@link #walk} has read it; false if it breaks the queue. */
    private boolean finish(int code, Chain chain, int place) {
        if (code != DONE && !readUnusual(code, chain)) {
            return false;
        }
        chain.state |= Chain.TAKEN;
        chain.ticket = nextTicket + place;
        taken[place] = chain.head;
        return true;
    }

    @Override
    public void touch(int count) {
        DeviceParts p = parts();
        MemorySegment all = p.geometry().all();
        Chain[] chains = p.chains();
        long[] near = p.near();
        int read = 0;
        for (int i = 0; i < count; i++) {
            Chain chain = chains[p.taken()[i] & chains.length - 1];
            if (chain.state != Chain.TAKEN || chain.segments == 0) {
                continue; // Its segments may be elsewhere, or are those of the chain before.
            }
            int pair = chain.head * Chain.NEAR_WORDS & near.length - 2;
            long from = near[pair];
            long second = from + Math.min(LINE, near[pair + 1] - 1);
            if (chain.readableSegments > 0) {
                read += RingWords.u8Plain(all, from) + RingWords.u8Plain(all, second);
            } else {
                RingWords.putU8Plain(all, from, 0);
                RingWords.putU8Plain(all, second, 0);
            }
        }
        touched = read;
    }

    @Override
    public void putBack(Chain chain) {
        if (chain.ring != this || !chain.isTaken() || chain.ticket != nextTicket - 1) {
            throw new IllegalStateException(chain + ": not the one that was taken last");
        }
        chain.state &= Chain.UNUSUAL;
        DeviceParts p = parts();
        if (p.inflight() != null) {
            p.inflight().done(chain.head);
        }
        if (p.geometry().inOrder()) {
            orderLast--;
        }
        nextAvail = nextAvail - 1 & 0xffff;
        nextTicket--;
        outstanding--;
    }

    /** Records the chains just taken, where that is wanted. */
    private void record(DeviceParts p, int count) {
        if (p.recorded()) {
            for (int i = 0; i < count; i++) {
                p.inflight().taken(p.taken()[i], nextTicket + i);
            }
        }
    }

    /** Counts the chains just taken. */
    private int accept(DeviceParts p, int count) {
        if (p.geometry().inOrder()) {
            for (int i = 0; i < count; i++) {
                order[orderLast++ & order.length - 1] = p.taken()[i];
            }
        }
        nextTicket += count;
        outstanding += count;
        return count == 0 ? fault : count;
    }

    private int broken(int code) {
        fault = code;
        return code;
    }

    /**
     * Reads a chain from one table, direct or indirect, as long as nothing is unusual: each buffer lies in the region
     * used last for its direction, and there are few. First the readable ones, then the writable ones. A loop is longer
     * than the few, so it is found later, by {@link #walkOn}.
     *
     * <p>Written for the compiler. Small enough to be compiled into its callers, and it must stay so. Slots are masked
     * where they are in range anyway: there is no range check then, nor any preparation for one. And nothing is called
     * that the compiler might leave a call: if chains of some shape are rare when it comes by, it leaves the calls
     * between one descriptor and the next as they are, for ever, and such chains then cost twice the time. What belongs
     * to the JDK's memory access is always compiled in, hence {@link RingWords#U64}; comparisons are intrinsics.
     *
     * @param table   host address of the table
     * @param entries its entries
     * @param first   address word of the first descriptor, as it was read
     * @param kind    its other word
     * @param base    where the chain's segments begin
     * @return DONE; NEXT_OUT_OF_RANGE; or UNUSUAL, see {@link #meet}
     */
    private int walk(long table, int entries, long first, long kind, Chain chain, int base) {
        DeviceParts p = parts();
        MemorySegment all = p.geometry().all();
        long[] near = p.near();
        int slot = base;
        long bytes = 0;
        long iova = first;
        long rest = kind;
        while ((rest & KIND) == 0) {
            long length = rest & LENGTH_MASK;
            if (Long.compareUnsigned(length - 1, readLongest) >= 0
                    || Long.compareUnsigned(iova - readIova, readSize - length) > 0) {
                break;
            }
            int pair = slot & near.length - 2;
            near[pair] = iova + readDelta;
            near[pair + 1] = length;
            slot += 2;
            bytes += length;
            if ((rest & NEXT) == 0) {
                endReadable(chain, slot, bytes);
                return end(chain, slot, bytes);
            }
            int index = (int) (rest >>> NEXT_SHIFT);
            if (index >= entries) {
                return RingFault.NEXT_OUT_OF_RANGE;
            }
            long at = table + ((long) index << DESCRIPTOR_SHIFT) & USER_SPACE;
            iova = (long) U64.get(all, at);
            rest = (long) U64.get(all, at + Long.BYTES);
            if ((slot & Chain.NEAR_WORDS - 1) == 0) {
                return meet(chain, slot, bytes, iova, rest, false);
            }
        }
        endReadable(chain, slot, bytes);
        return walkWritable(table, entries, chain, slot, bytes, iova, rest);
    }

    /** The second part of {@link #walk}, from the first descriptor that is not simply readable. */
    private int walkWritable(
            long table, int entries, Chain chain, int firstSlot, long readableBytes, long firstIova, long firstRest) {
        DeviceParts p = parts();
        MemorySegment all = p.geometry().all();
        long[] near = p.near();
        int slot = firstSlot;
        long bytes = readableBytes;
        long iova = firstIova;
        long rest = firstRest;
        while (true) {
            long length = rest & LENGTH_MASK;
            if ((rest & KIND) != WRITE
                    || Long.compareUnsigned(length - 1, writeLongest) >= 0
                    || Long.compareUnsigned(iova - writeIova, writeSize - length) > 0) {
                return meet(chain, slot, bytes, iova, rest, slot != firstSlot);
            }
            int pair = slot & near.length - 2;
            near[pair] = iova + writeDelta;
            near[pair + 1] = length;
            slot += 2;
            bytes += length;
            if ((rest & NEXT) == 0) {
                return end(chain, slot, bytes);
            }
            int index = (int) (rest >>> NEXT_SHIFT);
            if (index >= entries) {
                return RingFault.NEXT_OUT_OF_RANGE;
            }
            long at = table + ((long) index << DESCRIPTOR_SHIFT) & USER_SPACE;
            iova = (long) U64.get(all, at);
            rest = (long) U64.get(all, at + Long.BYTES);
            if ((slot & Chain.NEAR_WORDS - 1) == 0) {
                return meet(chain, slot, bytes, iova, rest, true);
            }
        }
    }

    /**
     * Tells whether a buffer is one segment in the region used last; the first comparison lets the second be one. As in
     * {@link #walk}, which does not call it.
     */
    private static boolean fits(long from, long size, long longest, long iova, long length) {
        return Long.compareUnsigned(length - 1, longest) < 0
                && Long.compareUnsigned(iova - from, size - length) <= 0;
    }

    /** Notes what the readable part of a chain is: it ends before this slot. */
    private static void endReadable(Chain chain, int slot, long bytes) {
        chain.readableSegments = slot - chain.head * Chain.NEAR_WORDS >> 1;
        chain.readableBytes = bytes;
    }

    /** Notes what a chain is: it ends before this slot. */
    private static int end(Chain chain, int slot, long bytes) {
        chain.segments = slot - chain.head * Chain.NEAR_WORDS >> 1;
        chain.bytes = bytes;
        return DONE;
    }

    /** Leaves a descriptor that {@link #walk} has read and cannot judge to {@link #walkOn}. */
    private int meet(Chain chain, int slot, long bytes, long iova, long rest, boolean writing) {
        end(chain, slot, bytes);
        if (!writing) {
            endReadable(chain, slot, bytes);
        }
        metIova = iova;
        metRest = rest;
        metCount = chain.segments;
        metWriting = writing;
        return UNUSUAL;
    }

    /** Goes on where {@link #walk} has stopped, to the end of the chain. */
    private boolean readUnusual(int met, Chain chain) {
        DeviceParts p = parts();
        int size = p.geometry().size();
        int code = met;
        if (met == UNUSUAL) {
            code = metIndirect ? walkOnIndirect(p, metTable, metEntries, metEntries, chain)
                    : walkOn(p, p.geometry().descriptors(), size, size, chain);
        }
        if (code == MET_TABLE) {
            code = walkTable(p, chain);
        }
        if (code != DONE) {
            broken(code);
            return false;
        }
        if (chain.bytes > LENGTH_MASK) {
            chain.becomeUnusual();
        }
        if (chain.bytes > MAX_CHAIN_BYTES) {
            chain.note(RingFault.CHAIN_TOO_LARGE);
        }
        if (chain.fault() != RingFault.NONE) {
            chain.dropAfterHole();
        }
        return true;
    }

    /** Reads descriptors from one table, whatever they are, beginning with the one that {@link #walk} has met. */
    private int walkOn(DeviceParts p, long table, int entries, int limit, Chain chain) {
        MemorySegment all = p.geometry().all();
        long iova = metIova;
        long rest = metRest;
        int count = metCount;
        boolean write = metWriting;
        while (true) {
            if (count++ >= limit) {
                return RingFault.CHAIN_LOOP;
            }
            if ((rest & INDIRECT) != 0) {
                metIova = iova;
                metRest = rest;
                metCount = count - 1;
                metWriting = write;
                return MET_TABLE;
            }
            if ((rest & WRITE) != 0) {
                if (!write) {
                    write = true;
                    chain.endReadable();
                }
            } else if (write) {
                return RingFault.READABLE_AFTER_WRITABLE;
            }
            append(chain, iova, rest & LENGTH_MASK, write);
            if ((rest & NEXT) == 0) {
                if (!write) {
                    chain.endReadable();
                }
                return DONE;
            }
            int index = (int) (rest >>> NEXT_SHIFT);
            if (index >= entries) {
                return RingFault.NEXT_OUT_OF_RANGE;
            }
            long at = table + ((long) index << DESCRIPTOR_SHIFT);
            iova = RingWords.u64Plain(all, at);
            rest = RingWords.u64Plain(all, at + Long.BYTES);
        }
    }

    /** Goes on in the indirect table that {@link #walkOn} met; nothing is read from a table before it is judged. */
    private int walkTable(DeviceParts p, Chain chain) {
        long length = metRest & LENGTH_MASK;
        if (!p.geometry().indirect()) {
            return RingFault.INDIRECT_NOT_NEGOTIATED;
        }
        if ((metRest & NEXT) != 0) {
            return RingFault.INDIRECT_WITH_NEXT;
        }
        if (length == 0 || length % DESCRIPTOR_BYTES != 0) {
            return RingFault.INDIRECT_BAD_LENGTH;
        }
        int entries = (int) (length / DESCRIPTOR_BYTES);
        if (entries > p.chainLimit()) {
            return RingFault.INDIRECT_TOO_LONG;
        }
        int limit = Math.min(entries, p.chainLimit() - metCount);
        if (limit == 0) {
            return RingFault.CHAIN_TOO_LONG;
        }
        long table = tableAddress(p, metIova, length);
        if (table < 0) {
            if (!metWriting) {
                chain.missingReadable(RingFault.TABLE_OUTSIDE_MEMORY);
                chain.endReadable();
            }
            chain.missingWritable(RingFault.TABLE_OUTSIDE_MEMORY);
            return DONE;
        }
        boolean fresh = metCount == 0;
        meetFirst(p, table);
        int code = fresh ? walk(table, entries, metIova, metRest, chain, chain.head * Chain.NEAR_WORDS) : UNUSUAL;
        return code == UNUSUAL ? walkOnIndirect(p, table, entries, limit, chain) : code;
    }

    /** Goes on in an indirect table, in which there must be no other. */
    private int walkOnIndirect(DeviceParts p, long table, int entries, int limit, Chain chain) {
        int code = walkOn(p, table, entries, limit, chain);
        if (code == MET_TABLE) {
            return RingFault.INDIRECT_NESTED;
        }
        return code == RingFault.CHAIN_LOOP && limit < entries ? RingFault.CHAIN_TOO_LONG : code;
    }

    /** Reads the first descriptor of a chain or of a table. */
    private void meetFirst(DeviceParts p, long at) {
        metIova = RingWords.u64Plain(p.geometry().all(), at);
        metRest = RingWords.u64Plain(p.geometry().all(), at + Long.BYTES);
        metCount = 0;
    }

    /** Returns the host address of an indirect table, or of a copy if it is not in one piece; negative if outside. */
    private long tableAddress(DeviceParts p, long iova, long length) {
        long offset = iova - readIova;
        if (offset >= 0 && offset <= readSize - length) {
            return iova + readDelta;
        }
        if (Long.compareUnsigned(iova + length - 1, iova) < 0) {
            return RingFault.BUFFER_WRAPS;
        }
        int entry = regions.find(iova);
        if (entry < 0) {
            return RingFault.BUFFER_OUTSIDE_MEMORY;
        }
        remember(entry, false);
        return regions.contiguous(entry, iova) >= length ? iova + readDelta : copyTable(p, iova, length);
    }

    private long copyTable(DeviceParts p, long iova, long length) {
        if (tableCopy == null) {
            tableCopy = Arena.ofAuto().allocate(SplitLayout.descriptorTableBytes(p.chainLimit()), DESCRIPTOR_BYTES);
        }
        long done = 0;
        while (done < length) {
            long at = iova + done;
            int entry = regions.find(at);
            if (entry < 0) {
                return RingFault.BUFFER_OUTSIDE_MEMORY;
            }
            long piece = Math.min(length - done, regions.contiguous(entry, at));
            MemorySegment.copy(p.geometry().all(), regions.host(entry) + (at - regions.iova(entry)),
                    tableCopy, done, piece);
            done += piece;
        }
        return tableCopy.address();
    }

    /** Adds a buffer. */
    private void append(Chain chain, long iova, long length, boolean write) {
        boolean fits = write ? fits(writeIova, writeSize, writeLongest, iova, length)
                : fits(readIova, readSize, readLongest, iova, length);
        if (fits && !chain.isFull()) {
            chain.add(iova + (write ? writeDelta : readDelta), (int) length);
        } else {
            addPieces(chain, iova, length, write);
        }
    }

    /** Adds a buffer that is not simply inside the region used last: piece by piece, making room, or as missing. */
    private void addPieces(Chain chain, long iova, long length, boolean write) {
        if (length != 0 && Long.compareUnsigned(iova + length - 1, iova) < 0) {
            missing(chain, RingFault.BUFFER_WRAPS, write);
            return;
        }
        long done = 0;
        while (done < length) {
            long at = iova + done;
            int entry = regions.find(at);
            if (entry < 0) {
                missing(chain, RingFault.BUFFER_OUTSIDE_MEMORY, write);
                return;
            }
            if (write && !regions.writable(entry)) {
                missing(chain, RingFault.BUFFER_NOT_WRITABLE, true);
                return;
            }
            if (chain.isFull() && !makeRoom(chain)) {
                missing(chain, RingFault.CHAIN_TOO_SCATTERED, write);
                return;
            }
            long piece = Math.min(length - done,
                    Math.min(regions.contiguous(entry, at), Chain.MAX_SEGMENT_BYTES));
            chain.add(regions.host(entry) + (at - regions.iova(entry)), (int) piece);
            remember(entry, write);
            done += piece;
        }
    }

    private static void missing(Chain chain, int code, boolean write) {
        if (write) {
            chain.missingWritable(code);
        } else {
            chain.missingReadable(code);
        }
    }

    /** Makes room in a full chain; false if it has as many segments as a chain may have. */
    private boolean makeRoom(Chain chain) {
        if (!chain.isFar() && chain.farCapacity() > 0) {
            chain.moveFar();
            return true;
        }
        int more = Math.max(chain.farCapacity(), 2 * Chain.NEAR_SEGMENTS);
        if (chain.segments >= 2 * parts().chainLimit() + Chain.NEAR_SEGMENTS) {
            return false;
        }
        if (growth + more > GROWTH_BUDGET) {
            shrinkIdle(chain);
        }
        if (growth + more > GROWTH_BUDGET) {
            return false;
        }
        growth += more;
        chain.resizeFar(chain.farCapacity() + more);
        if (!chain.isFar()) {
            chain.moveFar();
        }
        return true;
    }

    /** Takes back what idle chains grew by. */
    private void shrinkIdle(Chain growing) {
        for (Chain chain : chains) {
            if (chain != growing && chain.farCapacity() > 0 && (chain.state & ~Chain.UNUSUAL) == Chain.IDLE) {
                growth -= chain.farCapacity();
                chain.resizeFar(0);
            }
        }
    }

    private void remember(int entry, boolean write) {
        long size = regions.size(entry);
        long longest = Math.min(size, Chain.MAX_SEGMENT_BYTES - 1);
        long delta = regions.host(entry) - regions.iova(entry);
        if (write) {
            writeIova = regions.iova(entry);
            writeSize = size;
            writeLongest = longest;
            writeDelta = delta;
        } else {
            readIova = regions.iova(entry);
            readSize = size;
            readLongest = longest;
            readDelta = delta;
        }
    }

    @Override
    public int publish() {
        DeviceParts p = parts();
        SplitGeometry g = p.geometry();
        int count = g.inOrder() ? collectInOrder() : stagedCount;
        if (count == 0) {
            return 0;
        }
        MemorySegment all = g.all();
        Chain[] chains = p.chains();
        long[] staged = p.staged();
        int first = usedIndex;
        for (int i = 0; i < count; i++) {
            long element = staged[i];
            RingWords.putU64Plain(all, g.usedSlot(first + i), element);
            chains[(int) element & chains.length - 1].state &= Chain.UNUSUAL;
        }
        int now = first + count & 0xffff;
        if (!p.recorded()) {
            // Pairs with the driver's acquire of used.idx: elements and data come before it. It is a plain store, so
            // that a truncated file does not stop the JVM; the full fence of callNeeded keeps it from being delayed.
            RingWords.putU16AfterRelease(all, g.used() + SplitLayout.IDX, now);
        } else {
            publishRecorded(p, count, now);
        }
        usedIndex = now;
        stagedCount -= count;
        outstanding -= count;
        uncalled += count;
        return count;
    }

    private static void publishRecorded(DeviceParts p, int count, int now) {
        SplitGeometry g = p.geometry();
        for (int i = 0; i < count; i++) {
            p.inflight().staged((int) p.staged()[i]);
        }
        RingWords.putU16AfterRelease(g.all(), g.used() + SplitLayout.IDX, now);
        VarHandle.releaseFence();
        for (int i = 0; i < count; i++) {
            p.inflight().done((int) p.staged()[i]);
        }
        p.inflight().batchDone(now);
    }

    /** Moves completed chains to the staging array, as far as none before them is still at work. */
    private int collectInOrder() {
        int count = 0;
        while (orderFirst != orderLast) {
            Chain chain = chains[order[orderFirst & order.length - 1]];
            if ((chain.state & Chain.STAGED) == 0) {
                break;
            }
            staged[count++] = lengths[chain.head] << 32 | chain.head;
            orderFirst++;
        }
        return count;
    }

    @Override
    public boolean callNeeded() {
        if (uncalled == 0) {
            return false;
        }
        SplitGeometry g = parts().geometry();
        // Store-load: pairs with the driver's fence between writing used_event (or flags) and reading used.idx again.
        VarHandle.fullFence();
        boolean needed;
        if (g.eventIdx()) {
            int event = RingWords.u16Plain(g.all(), g.usedEvent());
            needed = !calledBefore || uncalled > 0xffff
                    || (usedIndex - event - 1 & 0xffff) < (usedIndex - calledIndex & 0xffff);
            calledBefore = true;
            calledIndex = usedIndex;
        } else {
            needed = (RingWords.u16Plain(g.all(), g.avail() + SplitLayout.FLAGS) & VRING_AVAIL_F_NO_INTERRUPT) == 0;
        }
        uncalled = 0;
        return needed;
    }

    @Override
    public boolean enableKicks() {
        SplitGeometry g = parts().geometry();
        if (g.eventIdx()) {
            RingWords.putU16Plain(g.all(), g.availEvent(), nextAvail);
        } else if (kicksDisabled) {
            RingWords.putU16Plain(g.all(), g.used() + SplitLayout.FLAGS, 0);
        }
        kicksDisabled = false;
        // Store-load: pairs with the driver's fence between avail.idx and reading avail_event (or flags).
        VarHandle.fullFence();
        return hasAvailable();
    }

    @Override
    public void disableKicks() {
        SplitGeometry g = parts().geometry();
        if (!g.eventIdx() && !kicksDisabled) {
            RingWords.putU16Plain(g.all(), g.used() + SplitLayout.FLAGS, VRING_USED_F_NO_NOTIFY);
            kicksDisabled = true;
        }
    }

    @Override
    public boolean hasAvailable() {
        SplitGeometry g = parts().geometry();
        return fault == RingFault.NONE && RingWords.u16Acquire(g.all(), g.avail() + SplitLayout.IDX) != nextAvail;
    }

    @Override
    public int nextAvail() {
        return nextAvail;
    }

    @Override
    public int usedIndex() {
        return usedIndex;
    }

    @Override
    public void regions(Regions table) {
        regions = table;
        readSize = 0;
        readLongest = 0;
        writeSize = 0;
        writeLongest = 0;
    }
}
