package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DirectAlignment;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.PositionalFile;
import java.lang.foreign.MemorySegment;

/**
 * Past the page cache (O_DIRECT): asynchronously where the engine can, else on an I/O thread. Buffers that a disk cannot
 * take, because a driver aligns them as it likes, go through an aligned buffer of ours.
 */
final class DirectTransfers implements Transfers {

    private final PositionalFile file;
    private final Fd fd;
    private final int descriptor;
    private final Space space;
    private final int blockSize;
    private final BouncePool buffers;
    private final IoCompletion readEnded = this::readEnded;
    private final IoCompletion writeEnded = this::writeEnded;
    private final BlockTask waitingRead;
    private final BlockTask waitingWrite;

    /**
     * Makes the transfers of a file.
     *
     * @param file      opened with O_DIRECT
     * @param alignment what it wants
     * @param space     makes it durable
     */
    DirectTransfers(PositionalFile file, DirectAlignment alignment, Space space) {
        this.file = file;
        this.space = space;
        this.fd = file.fd();
        this.descriptor = fd.number();
        this.blockSize = alignment.offsetBytes();
        this.buffers = new BouncePool(alignment.memoryBytes());
        waitingRead = new WaitingTask(fd, this::readAll);
        waitingWrite = new WaitingTask(fd, this::writeAll);
    }

    @Override
    public void read(BlockRequest request) {
        if (!fd.retain()) {
            Progress.end(request, false);
        } else if (!request.payload().startReadFrom(descriptor, request.offset(), readEnded, request)) {
            fd.release();
            request.onIoThread(waitingRead);
        }
    }

    private void readEnded(Object attachment, long result) {
        ended((BlockRequest) attachment, result, waitingRead);
    }

    private void ended(BlockRequest request, long result, BlockTask otherWay) {
        fd.release();
        if (result != request.length() && isWorthAnotherWay(result)) {
            request.onIoThread(otherWay);
        } else {
            Progress.end(request, result == request.length());
        }
    }

    private boolean readAll(BlockRequest request) {
        Payload payload = request.payload();
        long got = 0;
        while (payload.remaining() > 0 && got >= 0) {
            got = payload.readFrom(descriptor, Progress.fileOffset(request), payload.remaining());
            if (got == 0) {
                return Progress.zeroRest(request);
            }
        }
        return payload.remaining() == 0 || got == -Errno.EINVAL && readBounced(request);
    }

    /** Reads the rest by whole blocks into aligned memory; the first block may be needed in part only. */
    private boolean readBounced(BlockRequest request) {
        Payload payload = request.payload();
        MemorySegment buffer = buffers.take();
        try {
            while (payload.remaining() > 0) {
                long at = Progress.fileOffset(request);
                long skip = at & blockSize - 1;
                long wanted = Math.min(buffer.byteSize(), blocks(skip + payload.remaining()));
                long got = file.readFully(buffer.address(), wanted, at - skip);
                if (got < 0) {
                    return false;
                }
                long usable = Math.min(got - skip, payload.remaining());
                if (usable <= 0) {
                    return Progress.zeroRest(request);
                }
                if (payload.copyFrom(buffer, skip, usable) != usable) {
                    return false;
                }
            }
            return true;
        } finally {
            buffers.give(buffer);
        }
    }

    private long blocks(long bytes) {
        return bytes + blockSize - 1 & -blockSize;
    }

    @Override
    public void write(BlockRequest request) {
        if (!fd.retain()) {
            Progress.end(request, false);
        } else if (!request.payload().startWriteTo(
                descriptor, request.offset(), request.durable(), writeEnded, request)) {
            fd.release();
            request.onIoThread(waitingWrite);
        }
    }

    private void writeEnded(Object attachment, long result) {
        ended((BlockRequest) attachment, result, waitingWrite);
    }

    private boolean writeAll(BlockRequest request) {
        Payload payload = request.payload();
        long put = 1;
        while (payload.remaining() > 0 && put > 0) {
            put = payload.writeTo(descriptor, Progress.fileOffset(request), payload.remaining(), request.durable());
        }
        return payload.remaining() == 0 || put == -Errno.EINVAL && writeBounced(request);
    }

    private boolean writeBounced(BlockRequest request) {
        Payload payload = request.payload();
        Progress.rewind(request);
        MemorySegment buffer = buffers.take();
        try {
            while (payload.remaining() > 0) {
                long at = Progress.fileOffset(request);
                long bytes = payload.copyTo(buffer, 0, buffer.byteSize());
                if (bytes <= 0 || file.writeFully(buffer.address(), bytes, at) != bytes) {
                    return false;
                }
            }
            return space.stable(request);
        } finally {
            buffers.give(buffer);
        }
    }

    /**
     * Whether an asynchronous transfer that did not do all ended in a way that a thread may mend: a part of it was done, it
     * was not begun, or the driver's buffers were not aligned.
     */
    private static boolean isWorthAnotherWay(long result) {
        return result >= 0 || result == -Errno.EINVAL || result == -Errno.EAGAIN || result == -Errno.EINTR
                || result == -Errno.EOPNOTSUPP;
    }

    @Override
    public void prepare(long size) {
        // The file is all there is.
    }

    @Override
    public void close() {
        // The file is closed by its owner.
    }
}
