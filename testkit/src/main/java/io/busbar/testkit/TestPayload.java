package io.busbar.testkit;

import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.StreamIo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/** A payload over pieces of native memory. One thread at a time. */
public final class TestPayload implements Payload {

    private static final long EFAULT = -14;
    private static final long EINVAL = -22;
    private static final long ENOSPC = -28;
    private static final long SHORT_FILL = 4096;

    private final MemorySegment[] pieces;
    private final long size;
    private long position;
    private long limit;
    private boolean gone;
    private boolean uncached;
    private boolean misaligned;
    private long writeError;
    private Queue<Runnable> transfers;
    private Iovecs buffers;

    private TestPayload(MemorySegment[] pieces) {
        this.pieces = pieces;
        this.size = Arrays.stream(pieces).mapToLong(MemorySegment::byteSize).sum();
        this.limit = size;
    }

    /** Makes a payload over the given buffers, as they are; the same memory may be given more than once. */
    public static TestPayload over(MemorySegment... pieces) {
        return new TestPayload(pieces.clone());
    }

    /** Makes a payload of buffers of the given sizes, each byte {@code 0xEE}: memory with old content. */
    public static TestPayload ofSizes(long... sizes) {
        MemorySegment[] pieces = Arrays.stream(sizes)
                .mapToObj(size -> Arena.ofAuto().allocate(size).fill((byte) 0xEE))
                .toArray(MemorySegment[]::new);
        return new TestPayload(pieces);
    }

    /** Makes a payload of one buffer with the given content. */
    public static TestPayload of(byte... content) {
        MemorySegment piece = Arena.ofAuto().allocate(content.length);
        MemorySegment.copy(content, 0, piece, ValueLayout.JAVA_BYTE, 0, content.length);
        return new TestPayload(new MemorySegment[] {piece});
    }

    /** Makes every verb from now on find that the driver's memory is gone. */
    public TestPayload vanish() {
        gone = true;
        return this;
    }

    /** Makes {@link #tryReadFrom} find nothing in the page cache. */
    public TestPayload uncached() {
        uncached = true;
        return this;
    }

    /** Makes every transfer from and to a file find that the buffers are not aligned as it wants. */
    public TestPayload misaligned() {
        misaligned = true;
        return this;
    }

    /** Makes every write to a file fail with a negated errno. */
    public TestPayload failingWrites(long error) {
        writeError = error;
        return this;
    }

    /** Makes asynchronous transfers possible: they are done when the test takes them from the queue and runs them. */
    public TestPayload asynchronous() {
        transfers = new ArrayDeque<>();
        return this;
    }

    /** Returns the transfers that were started; each is done, and its completion told, when it is run. */
    public Queue<Runnable> transfers() {
        return transfers;
    }

    /** Sets position and limit back, for another use of the same memory. */
    public TestPayload rewind() {
        position = 0;
        limit = size;
        return this;
    }

    /** Returns all bytes of all pieces, whatever position and limit are. */
    public byte[] bytes() {
        byte[] all = new byte[Math.toIntExact(size)];
        int at = 0;
        for (MemorySegment piece : pieces) {
            MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, all, at, (int) piece.byteSize());
            at += (int) piece.byteSize();
        }
        return all;
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
    public Payload position(long wanted) {
        if (wanted < 0 || wanted > limit) {
            throw new IllegalArgumentException("position " + wanted + ": expected 0 to " + limit);
        }
        position = wanted;
        return this;
    }

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public Payload limit(long wanted) {
        if (wanted < 0 || wanted > size) {
            throw new IllegalArgumentException("limit " + wanted + ": expected 0 to " + size);
        }
        limit = wanted;
        position = Math.min(position, limit);
        return this;
    }

    @Override
    public long remaining() {
        return limit - position;
    }

    @Override
    public long copyTo(MemorySegment target, long offset, long length) {
        return copy(target, offset, length, false);
    }

    @Override
    public long copyFrom(MemorySegment source, long offset, long length) {
        return copy(source, offset, length, true);
    }

    private long copy(MemorySegment other, long offset, long length, boolean in) {
        long wanted = Math.min(length, remaining());
        long done = 0;
        while (done < wanted && !gone) {
            int piece = pieceAt(position);
            long inside = position - startOf(piece);
            long step = Math.min(wanted - done, pieces[piece].byteSize() - inside);
            if (in) {
                MemorySegment.copy(other, offset + done, pieces[piece], inside, step);
            } else {
                MemorySegment.copy(pieces[piece], inside, other, offset + done, step);
            }
            done += step;
            position += step;
        }
        return gone ? EFAULT : done;
    }

    @Override
    public long fill(byte value, long length) {
        long wanted = Math.min(length, remaining());
        long done = 0;
        while (done < wanted && !gone) {
            int piece = pieceAt(position);
            long inside = position - startOf(piece);
            long step = Math.min(wanted - done, pieces[piece].byteSize() - inside);
            fill(pieces[piece], inside, step, value);
            done += step;
            position += step;
        }
        return gone ? EFAULT : done;
    }

    /** Byte by byte where it is short: a slice would be an allocation, which tests count. */
    private static void fill(MemorySegment piece, long from, long length, byte value) {
        if (length > SHORT_FILL) {
            piece.asSlice(from, length).fill(value);
            return;
        }
        for (long i = 0; i < length; i++) {
            piece.set(ValueLayout.JAVA_BYTE, from + i, value);
        }
    }

    @Override
    public long readFrom(int descriptor, long fileOffset, long length) {
        if (gone || misaligned) {
            return gone ? EFAULT : EINVAL;
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(length, remaining()));
        try (FileChannel file = open(descriptor, StandardOpenOption.READ)) {
            int got = Math.max(0, file.read(buffer, fileOffset));
            return copyFrom(MemorySegment.ofBuffer(buffer.flip()), 0, got);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long tryReadFrom(int descriptor, long fileOffset, long length) {
        return uncached ? WOULD_BLOCK : readFrom(descriptor, fileOffset, length);
    }

    @Override
    public long writeTo(int descriptor, long fileOffset, long length, boolean durable) {
        if (gone || misaligned) {
            return gone ? EFAULT : EINVAL;
        }
        if (writeError < 0) {
            return writeError;
        }
        long from = position;
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(length, remaining()));
        copyTo(MemorySegment.ofBuffer(buffer), 0, buffer.capacity());
        position = from;
        try (FileChannel file = open(descriptor, StandardOpenOption.WRITE)) {
            int put = file.write(buffer, fileOffset);
            if (durable) {
                file.force(false);
            }
            position += put;
            return put;
        } catch (IOException e) {
            if ("No space left on device".equals(e.getMessage())) {
                return ENOSPC;
            }
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long receiveFrom(int descriptor) {
        if (gone) {
            return EFAULT;
        }
        long got = StreamIo.readv(descriptor, gather(MemorySegment.NULL));
        position += Math.max(0, got);
        return got;
    }

    @Override
    public long sendTo(int descriptor, MemorySegment prefix) {
        if (gone) {
            return EFAULT;
        }
        long put = StreamIo.writev(descriptor, gather(prefix));
        position += Math.max(0, put - prefix.byteSize());
        return put;
    }

    /** Lists a prefix and what remains. */
    private Iovecs gather(MemorySegment prefix) {
        if (buffers == null) {
            buffers = new Iovecs(pieces.length + 1);
        }
        buffers.clear();
        if (prefix.byteSize() > 0) {
            buffers.add(prefix.address(), prefix.byteSize());
        }
        long start = 0;
        for (MemorySegment piece : pieces) {
            long from = Math.max(position, start);
            long to = Math.min(limit, start + piece.byteSize());
            if (from < to) {
                buffers.add(piece.address() + from - start, to - from);
            }
            start += piece.byteSize();
        }
        return buffers;
    }

    @Override
    public boolean startReadFrom(int descriptor, long fileOffset, IoCompletion completion, Object attachment) {
        if (transfers == null) {
            return false;
        }
        long from = position;
        transfers.add(() -> {
            long result = readFrom(descriptor, fileOffset, remaining());
            position = from;
            completion.completed(attachment, result);
        });
        return true;
    }

    @Override
    public boolean startWriteTo(
            int descriptor, long fileOffset, boolean durable, IoCompletion completion, Object attachment) {
        if (transfers == null) {
            return false;
        }
        long from = position;
        transfers.add(() -> {
            long result = writeTo(descriptor, fileOffset, remaining(), durable);
            position = from;
            completion.completed(attachment, result);
        });
        return true;
    }

    /** Opens the file behind a descriptor of this process once more. */
    private static FileChannel open(int descriptor, OpenOption option) throws IOException {
        return FileChannel.open(Path.of("/proc/self/fd/" + descriptor), option);
    }

    private int pieceAt(long offset) {
        int piece = 0;
        long end = pieces[0].byteSize();
        while (offset >= end) {
            piece++;
            end += pieces[piece].byteSize();
        }
        return piece;
    }

    private long startOf(int piece) {
        long start = 0;
        for (int i = 0; i < piece; i++) {
            start += pieces[i].byteSize();
        }
        return start;
    }
}
