package io.busbar.core.queue;

import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.PositionalIo;
import io.busbar.core.linux.StreamIo;
import io.busbar.core.virtio.ring.Chain;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * One direction of a chain. Copies go through bounded segments of the mapping; system calls get addresses, which are
 * checked already, and answer EFAULT by themselves where the memory is gone.
 */
final class ChainPayload implements Payload {

    private final PayloadOwner owner;
    private final boolean writes;
    /** Whether its owner never lets another thread at it, and closes it: then what is left says that it is open. */
    private final boolean confined;
    private Chain chain;
    private RegionViews views;
    private int first;
    private int end;
    private long size;
    private long limit;
    private long position;
    /** A segment at or before the position, and where it begins in the stream. */
    private int segment;
    private long segmentStart;
    /**
     * The piece at hand: the memory at the position, where in it that is, and how many bytes follow there, not past the limit. None
     * left says nothing: {@link #locate} finds the next. So that a copy inside one piece, which most are, has one thing to check.
     */
    private long at;
    private long left;
    /** The mapping that the piece is in, kept for the next chain: where it begins, and its length. */
    private MemorySegment memory;
    private long base;
    private long span;

    ChainPayload(PayloadOwner owner, boolean writes, boolean confined) {
        this.owner = owner;
        this.writes = writes;
        this.confined = confined;
    }

    void open(Chain taken, RegionViews regionViews) {
        chain = taken;
        if (views != regionViews) {
            views = regionViews;
            span = 0;
        }
        first = writes ? taken.readableSegments() : 0;
        end = writes ? taken.segments() : taken.readableSegments();
        size = writes ? taken.writableBytes() : taken.readableBytes();
        limit = size;
        position = 0;
        segment = first;
        segmentStart = 0;
        left = 0;
        if (confined && size > 0) {
            locate();
        }
    }

    boolean isOpen() {
        return chain != null;
    }

    /** A confined payload is done with: its verbs look at the owner again, who refuses them. */
    void close() {
        left = 0;
        chain = null;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public Payload position(long to) {
        if (to < 0 || to > limit) {
            throw new IllegalArgumentException("position " + to + ": expected 0 to " + limit);
        }
        long forward = to - position;
        position = to;
        if (left > 0 && forward <= left && to >= segmentStart && at + forward >= 0) {
            at += forward;
            left -= forward;
        } else {
            seek();
        }
        return this;
    }

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public Payload limit(long to) {
        if (to < 0 || to > size) {
            throw new IllegalArgumentException("limit " + to + ": expected 0 to " + size);
        }
        limit = to;
        position = Math.min(position, to);
        seek();
        return this;
    }

    @Override
    public long remaining() {
        return limit - position;
    }

    /** Begins anew at the position. */
    private void seek() {
        left = 0;
        if (position < segmentStart) {
            segment = first;
            segmentStart = 0;
        }
        if (confined && chain != null && position < limit) {
            locate();
        }
    }

    private void skipDoneSegments() {
        while (segment < end && position - segmentStart >= chain.length(segment)) {
            segmentStart += chain.length(segment);
            segment++;
        }
    }

    private void checkWritable() {
        if (!writes) {
            throw new IllegalStateException("device-readable buffers cannot be written to");
        }
    }

    private void leave(boolean entered) {
        if (entered) {
            owner.leave();
        }
    }

    /**
     * Finds the piece at the position, which is before the limit: to the end of its segment, or of the region's mapping, as a
     * segment may span regions that are neighbours here.
     */
    private void locate() {
        skipDoneSegments();
        long done = position - segmentStart;
        long address = chain.address(segment) + done;
        if (Long.compareUnsigned(address - base, span) >= 0) {
            findMapping(address);
        }
        at = address - base;
        left = Math.min(limit - position, Math.min(chain.length(segment) - done, span - at));
    }

    private void findMapping(long address) {
        memory = views.at(address);
        base = memory.address();
        span = memory.byteSize();
    }

    /** Returns the bytes of the piece at hand, no more than wanted. */
    private long piece(long wanted) {
        if (left == 0) {
            locate();
        }
        return Math.min(wanted, left);
    }

    private void pieceDone(long bytes) {
        at += bytes;
        left -= bytes;
        position += bytes;
    }

    /** Goes on after a transfer, which may have passed several pieces. */
    private void advance(long bytes) {
        position += bytes;
        left = 0;
    }

    @Override
    public long copyTo(MemorySegment target, long offset, long length) {
        if (!isOnePiece(length)) {
            return copy(target, offset, length, false);
        }
        try {
            MemorySegment.copy(memory, at, target, offset, length);
        } catch (InternalError e) {
            return -Errno.EFAULT;
        }
        pieceDone(length);
        return length;
    }

    @Override
    public long copyFrom(MemorySegment source, long offset, long length) {
        checkWritable();
        if (!isOnePiece(length)) {
            return copy(source, offset, length, true);
        }
        try {
            MemorySegment.copy(source, offset, memory, at, length);
        } catch (InternalError e) {
            return -Errno.EFAULT;
        }
        pieceDone(length);
        return length;
    }

    /**
     * Returns whether a copy is one of a confined payload inside the piece at hand: then it is as good as done, and small enough for
     * the compiler to put it where it is asked for. A length of 0 or less is for {@link #copy}.
     */
    private boolean isOnePiece(long length) {
        return confined && Long.compareUnsigned(length - 1, left) < 0;
    }

    private long copy(MemorySegment other, long offset, long length, boolean in) {
        boolean entered = owner.enter();
        try {
            long wanted = Math.min(length, remaining());
            long done = 0;
            while (done < wanted) {
                long bytes = piece(wanted - done);
                if (in) {
                    MemorySegment.copy(other, offset + done, memory, at, bytes);
                } else {
                    MemorySegment.copy(memory, at, other, offset + done, bytes);
                }
                pieceDone(bytes);
                done += bytes;
            }
            return done;
        } catch (InternalError e) {
            // The file behind the driver's memory was cut short (spec: a fault of the access, delivered by the JVM).
            return -Errno.EFAULT;
        } finally {
            leave(entered);
        }
    }

    @Override
    public long fill(byte value, long length) {
        checkWritable();
        boolean entered = owner.enter();
        try {
            long wanted = Math.min(length, remaining());
            long done = 0;
            while (done < wanted) {
                long bytes = piece(wanted - done);
                memory.asSlice(at, bytes).fill(value);
                pieceDone(bytes);
                done += bytes;
            }
            return done;
        } catch (InternalError e) {
            return -Errno.EFAULT;
        } finally {
            leave(entered);
        }
    }

    @Override
    public long readFrom(int descriptor, long fileOffset, long length) {
        checkWritable();
        return transfer(descriptor, fileOffset, length, true, 0);
    }

    @Override
    public long tryReadFrom(int descriptor, long fileOffset, long length) {
        checkWritable();
        long result = transfer(descriptor, fileOffset, length, true, PositionalIo.RWF_NOWAIT);
        return result == -Errno.EOPNOTSUPP ? transfer(descriptor, fileOffset, length, true, 0) : result;
    }

    @Override
    public long writeTo(int descriptor, long fileOffset, long length, boolean durable) {
        return transfer(descriptor, fileOffset, length, false, durable ? PositionalIo.RWF_DSYNC : 0);
    }

    /**
     * Transfers until all is done, the file ends, or an error. An error after some bytes is left to the next call, but for
     * durable writes: what Linux says of them it may say once.
     */
    private long transfer(int descriptor, long fileOffset, long length, boolean read, int flags) {
        boolean entered = owner.enter();
        try {
            return transferAll(descriptor, fileOffset, Math.min(length, remaining()), read, flags);
        } finally {
            leave(entered);
        }
    }

    private long transferAll(int descriptor, long fileOffset, long wanted, boolean read, int flags) {
        Iovecs iovecs = QueueThread.currentIovecs();
        long done = 0;
        while (done < wanted) {
            gather(iovecs, wanted - done);
            long result = read
                    ? PositionalIo.preadv2(descriptor, iovecs, fileOffset + done, flags)
                    : PositionalIo.pwritev2(descriptor, iovecs, fileOffset + done, flags);
            if (result == -Errno.EINTR) {
                continue;
            }
            if (result <= 0) {
                return done > 0 && flags != PositionalIo.RWF_DSYNC ? done : result;
            }
            done += result;
            advance(result);
        }
        return done;
    }

    @Override
    public long receiveFrom(int descriptor) {
        checkWritable();
        boolean entered = owner.enter();
        try {
            return receive(descriptor);
        } finally {
            leave(entered);
        }
    }

    private long receive(int descriptor) {
        Iovecs iovecs = QueueThread.currentIovecs();
        gather(iovecs, 0, remaining());
        long result;
        do {
            result = StreamIo.readv(descriptor, iovecs);
        } while (result == -Errno.EINTR);
        if (result > 0) {
            advance(result);
        }
        return result;
    }

    @Override
    public long sendTo(int descriptor, MemorySegment prefix) {
        boolean entered = owner.enter();
        try {
            return send(descriptor, prefix);
        } finally {
            leave(entered);
        }
    }

    private long send(int descriptor, MemorySegment prefix) {
        Iovecs iovecs = QueueThread.currentIovecs();
        long ahead = prefix.byteSize();
        int before = 0;
        if (ahead > 0) {
            iovecs.set(before++, prefix.address(), ahead);
        }
        gather(iovecs, before, remaining());
        long result;
        do {
            result = StreamIo.writev(descriptor, iovecs);
        } while (result == -Errno.EINTR);
        Reference.reachabilityFence(prefix);
        if (result > ahead) {
            advance(result - ahead);
        }
        return result;
    }

    /** Lists the buffers from the position on; returns how many. */
    int gather(Iovecs iovecs, long wanted) {
        return gather(iovecs, 0, wanted);
    }

    private int gather(Iovecs iovecs, int before, long wanted) {
        skipDoneSegments();
        int count = before;
        long left = wanted;
        long skip = position - segmentStart;
        for (int i = segment; i < end && left > 0 && count < iovecs.capacity(); i++) {
            long bytes = Math.min(left, chain.length(i) - skip);
            iovecs.set(count++, chain.address(i) + skip, bytes);
            left -= bytes;
            skip = 0;
        }
        iovecs.setCount(count);
        return count;
    }

    @Override
    public boolean startReadFrom(int descriptor, long fileOffset, IoCompletion completion, Object attachment) {
        checkWritable();
        owner.checkOpen();
        return owner.startTransfer(this, descriptor, fileOffset, 0, completion, attachment);
    }

    @Override
    public boolean startWriteTo(
            int descriptor, long fileOffset, boolean durable, IoCompletion completion, Object attachment) {
        owner.checkOpen();
        int flags = durable ? PositionalIo.RWF_DSYNC : 0;
        return owner.startTransfer(this, descriptor, fileOffset, flags, completion, attachment);
    }

    boolean writes() {
        return writes;
    }
}
