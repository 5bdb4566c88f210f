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
    private Chain chain;
    private RegionViews views;
    private int first;
    private int end;
    private long size;
    private long limit;
    private long position;
    /** The segment that holds the position, and where that segment begins in the stream. */
    private int segment;
    private long segmentStart;

    ChainPayload(PayloadOwner owner, boolean writes) {
        this.owner = owner;
        this.writes = writes;
    }

    void open(Chain taken, RegionViews regionViews) {
        chain = taken;
        views = regionViews;
        first = writes ? taken.readableSegments() : 0;
        end = writes ? taken.segments() : taken.readableSegments();
        size = writes ? taken.writableBytes() : taken.readableBytes();
        limit = size;
        position = 0;
        segment = first;
        segmentStart = 0;
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
        position = to;
        if (to < segmentStart) {
            segment = first;
            segmentStart = 0;
        }
        skipDoneSegments();
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
        if (position > to) {
            position(to);
        }
        return this;
    }

    @Override
    public long remaining() {
        return limit - position;
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
     * Returns the bytes from the position to the end of its segment, or of the region's mapping: a segment may span
     * regions that are neighbours here. No more than wanted.
     */
    private long piece(long wanted, int region, long at) {
        long inSegment = chain.length(segment) - (position - segmentStart);
        return Math.min(wanted, Math.min(inSegment, views.after(region, at)));
    }

    private long address() {
        return chain.address(segment) + (position - segmentStart);
    }

    private void advance(long bytes) {
        position += bytes;
        skipDoneSegments();
    }

    @Override
    public long copyTo(MemorySegment target, long offset, long length) {
        return copy(target, offset, length, false);
    }

    @Override
    public long copyFrom(MemorySegment source, long offset, long length) {
        checkWritable();
        return copy(source, offset, length, true);
    }

    private long copy(MemorySegment other, long offset, long length, boolean in) {
        boolean entered = owner.enter();
        try {
            long wanted = Math.min(length, remaining());
            long done = 0;
            while (done < wanted) {
                int region = views.indexOf(address());
                long at = views.offset(region, address());
                long bytes = piece(wanted - done, region, at);
                MemorySegment memory = views.segment(region);
                if (in) {
                    MemorySegment.copy(other, offset + done, memory, at, bytes);
                } else {
                    MemorySegment.copy(memory, at, other, offset + done, bytes);
                }
                done += bytes;
                advance(bytes);
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
                int region = views.indexOf(address());
                long at = views.offset(region, address());
                long bytes = piece(wanted - done, region, at);
                views.segment(region).asSlice(at, bytes).fill(value);
                done += bytes;
                advance(bytes);
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
