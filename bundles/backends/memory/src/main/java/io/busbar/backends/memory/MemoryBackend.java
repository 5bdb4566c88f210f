package io.busbar.backends.memory;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.ResizableBackend;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * A disk in memory, zero at first, gone at the end. The memory is a file that goes over to another process if the device does.
 *
 * <p>Short requests are done on the thread that brings them, long ones on an I/O thread, so that the queue's thread is not
 * held up.
 */
@BackendType(type = BackendType.BLOCK, name = "memory", settings = "size SIZE")
public final class MemoryBackend implements BlockBackend, ResizableBackend, HandoverBackend {

    /** Up to this many bytes a request is done on the spot: some 100 µs of copying. */
    private static final long INLINE = 1 << 20;

    /** Largest disk: what the table of extents is meant for. */
    private static final long MAX_CAPACITY = 16L << 40;

    private static final int PHYSICAL_BLOCK = 4096;
    /** Of what is handed over: the memory file's descriptor and nothing else. */
    private static final int STATE_VERSION = 1;

    private static final long EXTENT_MASK = Extent.BYTES - 1;

    private final BackendContext context;
    private final BlockTask later = this::execute;
    private final DiskMemory memory;
    private volatile Extent[] extents = {};
    private volatile BlockInfo info;

    /**
     * Opens a disk.
     *
     * @param context the surroundings
     * @throws BackendException if the size is missing or not one, there is no memory, or what was handed over is not known
     */
    public MemoryBackend(BackendContext context) throws BackendException {
        this.context = context;
        long capacity = context.settings().size("size").orElseThrow(
                () -> new BackendException(Kind.CONFIG_INVALID, "size: expected a size such as 512M"));
        requireCapacity(capacity);
        memory = memory(context);
        boolean opened = false;
        try {
            extents = extents(capacity);
            opened = true;
        } finally {
            if (!opened) {
                memory.close();
            }
        }
        info = info(capacity);
    }

    private static DiskMemory memory(BackendContext context) throws BackendException {
        try {
            if (context.predecessor().isEmpty()) {
                return DiskMemory.create(context.deviceName());
            }
            BackendState state = context.predecessor().get();
            state.require(STATE_VERSION, 0, 1);
            return DiskMemory.inherit(state.descriptors().getFirst());
        } catch (LinuxException e) {
            throw noMemory(e);
        }
    }

    private static BackendException noMemory(LinuxException e) {
        return new BackendException(Kind.NO_SPACE, "no memory for the disk: " + e.getMessage(), e);
    }

    private static void requireCapacity(long capacity) throws BackendException {
        if (capacity <= 0 || capacity % BlockInfo.SECTOR != 0 || capacity > MAX_CAPACITY) {
            throw new BackendException(Kind.CONFIG_INVALID, "size of " + capacity + " bytes: expected a multiple of "
                    + BlockInfo.SECTOR + ", up to " + (MAX_CAPACITY >> 40) + "T");
        }
    }

    private BlockInfo info(long capacity) {
        return new BlockInfo(capacity, context.readOnly(), false, true, true, PHYSICAL_BLOCK, BlockInfo.SECTOR);
    }

    /** Returns a table for the capacity, with the extents that there are and new ones behind them. */
    private Extent[] extents(long capacity) throws BackendException {
        Extent[] before = extents;
        int needed = (int) (capacity + EXTENT_MASK >>> Long.numberOfTrailingZeros(Extent.BYTES));
        if (needed <= before.length) {
            return before;
        }
        try {
            memory.grow(needed * Extent.BYTES);
        } catch (LinuxException e) {
            throw noMemory(e);
        }
        Extent[] table = Arrays.copyOf(before, needed);
        for (int i = before.length; i < needed; i++) {
            table[i] = new Extent(memory, i * Extent.BYTES);
        }
        return table;
    }

    @Override
    public BlockInfo info() {
        return info;
    }

    @Override
    public void resize(long capacity) throws BackendException {
        requireCapacity(capacity);
        extents = extents(capacity);
        info = info(capacity);
        // What is past the end reads as zero should the disk grow again.
        zero(capacity, extents.length * Extent.BYTES - capacity, true);
        context.infoChanged();
    }

    @Override
    public void submit(BlockBatch batch) {
        int size = batch.size();
        for (int i = 0; i < size; i++) {
            BlockRequest request = batch.get(i);
            if (request.length() > INLINE) {
                request.onIoThread(later);
            } else {
                execute(request);
            }
        }
    }

    private void execute(BlockRequest request) {
        boolean done = switch (request.operation()) {
            case READ -> read(request.payload(), request.offset(), request.length());
            case WRITE -> write(request.payload(), request.offset(), request.length());
            case FLUSH -> true;
            case DISCARD -> discard(request.offset(), request.length());
            case WRITE_ZEROES -> zero(request.offset(), request.length(), request.mayUnmap());
        };
        request.complete(done ? BlockStatus.OK : BlockStatus.IO_ERROR);
    }

    private boolean read(Payload target, long offset, long length) {
        Extent[] table = extents;
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long step = step(at, end);
            if (!read(extent(table, at), target, at & EXTENT_MASK, step)) {
                return false;
            }
            at += step;
        }
        return true;
    }

    private static boolean read(Extent extent, Payload target, long from, long length) {
        if (extent.isUnwritten()) {
            return target.fill((byte) 0, length) == length;
        }
        MemorySegment memory = extent.memory();
        return memory != null && target.copyFrom(memory, from, length) == length;
    }

    private boolean write(Payload source, long offset, long length) {
        Extent[] table = extents;
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long step = step(at, end);
            MemorySegment memory = extent(table, at).memory();
            if (memory == null || source.copyTo(memory, at & EXTENT_MASK, step) != step) {
                return false;
            }
            at += step;
        }
        return true;
    }

    /** Gives back the whole pages of a range; what is left of its ends stays as it is. */
    private boolean discard(long offset, long length) {
        long first = pageUp(offset);
        long last = pageDown(offset + length);
        return first >= last || zero(first, last - first, true);
    }

    private boolean zero(long offset, long length, boolean giveBack) {
        Extent[] table = extents;
        long at = offset;
        long end = offset + length;
        boolean done = true;
        while (at < end) {
            long step = step(at, end);
            Extent extent = extent(table, at);
            if (!extent.isUnwritten()) {
                done &= zero(extent, at & EXTENT_MASK, step, giveBack);
            }
            at += step;
        }
        return done;
    }

    private static boolean zero(Extent extent, long from, long length, boolean giveBack) {
        MemorySegment memory = extent.memory();
        if (memory == null) {
            return false;
        }
        long to = from + length;
        long first = pageUp(from);
        long last = pageDown(to);
        if (!giveBack || first >= last) {
            memory.asSlice(from, length).fill((byte) 0);
            return true;
        }
        memory.asSlice(from, first - from).fill((byte) 0);
        memory.asSlice(last, to - last).fill((byte) 0);
        return extent.giveBack(first, last - first);
    }

    @Override
    public BackendState handOver() {
        return new BackendState(STATE_VERSION, new byte[0], List.of(memory.descriptor()));
    }

    /** Both processes see the same memory: there is nothing to be taken back, or to be waited for. */
    @Override
    public void goOn() {}

    @Override
    public void close() {
        for (Extent extent : extents) {
            extent.close();
        }
        memory.close();
    }

    private static Extent extent(Extent[] table, long offset) {
        return table[(int) (offset >>> Long.numberOfTrailingZeros(Extent.BYTES))];
    }

    /** Returns how far one goes from here without leaving the extent. */
    private static long step(long at, long end) {
        return Math.min(end - at, Extent.BYTES - (at & EXTENT_MASK));
    }

    private static long pageUp(long offset) {
        return offset + Memory.PAGE_SIZE - 1 & -Memory.PAGE_SIZE;
    }

    private static long pageDown(long offset) {
        return offset & -Memory.PAGE_SIZE;
    }
}
