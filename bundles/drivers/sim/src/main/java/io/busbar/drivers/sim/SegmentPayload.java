package io.busbar.drivers.sim;

import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.PositionalIo;
import java.lang.foreign.MemorySegment;

/** A payload over memory of our own, for requests that no driver has made. One thread at a time. */
final class SegmentPayload implements Payload {

    private static final long EINVAL = -22;

    private final MemorySegment memory;
    private final Iovecs vectors = new Iovecs(1);
    private long position;
    private long limit;

    SegmentPayload(MemorySegment memory) {
        this.memory = memory;
        this.limit = memory.byteSize();
    }

    @Override
    public long size() {
        return memory.byteSize();
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
        return this;
    }

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public Payload limit(long to) {
        if (to < 0 || to > size()) {
            throw new IllegalArgumentException("limit " + to + ": expected 0 to " + size());
        }
        limit = to;
        position = Math.min(position, limit);
        return this;
    }

    @Override
    public long remaining() {
        return limit - position;
    }

    private long step(long length) {
        return Math.min(length, remaining());
    }

    private long moved(long bytes) {
        position += Math.max(0, bytes);
        return bytes;
    }

    @Override
    public long copyTo(MemorySegment target, long offset, long length) {
        long step = step(length);
        MemorySegment.copy(memory, position, target, offset, step);
        return moved(step);
    }

    @Override
    public long copyFrom(MemorySegment source, long offset, long length) {
        long step = step(length);
        MemorySegment.copy(source, offset, memory, position, step);
        return moved(step);
    }

    @Override
    public long fill(byte value, long length) {
        long step = step(length);
        memory.asSlice(position, step).fill(value);
        return moved(step);
    }

    private Iovecs vector(long length) {
        vectors.clear();
        vectors.add(memory.address() + position, step(length));
        return vectors;
    }

    @Override
    public long readFrom(int descriptor, long fileOffset, long length) {
        return moved(PositionalIo.preadv2(descriptor, vector(length), fileOffset, 0));
    }

    /** Its thread may wait. */
    @Override
    public long tryReadFrom(int descriptor, long fileOffset, long length) {
        return readFrom(descriptor, fileOffset, length);
    }

    @Override
    public long writeTo(int descriptor, long fileOffset, long length, boolean durable) {
        return moved(PositionalIo.pwritev2(descriptor, vector(length), fileOffset, durable ? PositionalIo.RWF_DSYNC : 0));
    }

    /** A disk is no stream. */
    @Override
    public long receiveFrom(int descriptor) {
        return EINVAL;
    }

    @Override
    public long sendTo(int descriptor, MemorySegment prefix) {
        return EINVAL;
    }

    /** Whoever has it does not wait for a queue's thread. */
    @Override
    public boolean startReadFrom(int descriptor, long fileOffset, IoCompletion completion, Object attachment) {
        return false;
    }

    @Override
    public boolean startWriteTo(
            int descriptor, long fileOffset, boolean durable, IoCompletion completion, Object attachment) {
        return false;
    }
}
