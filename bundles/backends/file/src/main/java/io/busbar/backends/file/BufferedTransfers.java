package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Fd;

/**
 * Positional I/O through the page cache. Reads take what the cache has on the spot and wait for the rest on an I/O thread.
 * Writes go into the cache on the spot, unless they have to wait: for stable storage, or for a page of which they
 * replace only a part and which may have to be read first.
 */
final class BufferedTransfers implements Transfers {

    private static final long PAGE_MASK = 4095;

    private final int descriptor;
    private final Space space;
    private final BlockTask waitingRead;
    private final BlockTask waitingWrite;

    BufferedTransfers(Fd fd, Space space) {
        this.descriptor = fd.number();
        this.space = space;
        waitingRead = new WaitingTask(fd, this::readAll);
        waitingWrite = new WaitingTask(fd, this::writeAll);
    }

    @Override
    public void read(BlockRequest request) {
        if (request.length() > INLINE) {
            request.onIoThread(waitingRead);
            return;
        }
        long got = request.payload().tryReadFrom(descriptor, request.offset(), request.length());
        if (got == request.length()) {
            Progress.end(request, true);
        } else if (got >= 0 || got == Payload.WOULD_BLOCK) {
            request.onIoThread(waitingRead);
        } else {
            Progress.end(request, false);
        }
    }

    private boolean readAll(BlockRequest request) {
        Payload payload = request.payload();
        while (payload.remaining() > 0) {
            long got = payload.readFrom(descriptor, Progress.fileOffset(request), payload.remaining());
            if (got <= 0) {
                return got == 0 && Progress.zeroRest(request);
            }
        }
        return true;
    }

    @Override
    public void write(BlockRequest request) {
        boolean waits = request.durable() || request.length() > INLINE
                || ((request.offset() | request.length()) & PAGE_MASK) != 0;
        if (waits) {
            request.onIoThread(waitingWrite);
        } else {
            Progress.end(request, writeAll(request));
        }
    }

    private boolean writeAll(BlockRequest request) {
        Payload payload = request.payload();
        while (payload.remaining() > 0) {
            long put = payload.writeTo(
                    descriptor, Progress.fileOffset(request), payload.remaining(), request.durable());
            if (request.durable() ? !space.stableAfter(put) : put <= 0) {
                return false;
            }
        }
        return true;
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
