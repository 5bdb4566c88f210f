package io.busbar.backends.file;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockTask;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.PositionalFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What makes the file durable and changes its allocation: flush, discard, write zeroes. All of it waits for a disk, and is
 * done on I/O threads.
 */
final class Space {

    private static final long ZEROES = 1 << 20;
    private static final int PAGE = 4096;

    private final PositionalFile file;
    private final BackendContext context;
    private final MemorySegment zeroes = Arena.ofAuto().allocate(ZEROES, PAGE);
    private final BlockTask flush;
    private final BlockTask discard;
    private final BlockTask writeZeroes;
    private volatile boolean noZeroRange;
    private volatile boolean noHoles;
    private volatile boolean lost;

    Space(PositionalFile file, BackendContext context) {
        this.file = file;
        this.context = context;
        flush = new WaitingTask(file.fd(), request -> sync());
        discard = new WaitingTask(
                file.fd(), request -> giveBack(request.offset(), request.length()) && stable(request));
        writeZeroes = new WaitingTask(file.fd(), request -> zero(request) && stable(request));
    }

    /** Returns the work for a request that is neither a read nor a write. */
    BlockTask task(BlockRequest request) {
        return switch (request.operation()) {
            case FLUSH -> flush;
            case DISCARD -> discard;
            case WRITE_ZEROES -> writeZeroes;
            case READ, WRITE -> throw new IllegalArgumentException(request.operation().toString());
        };
    }

    /**
     * Makes the file durable. Linux reports a write that failed in the background once, and may drop its data then: after
     * that no flush can be true any more, so none is.
     */
    private boolean sync() {
        if (lost) {
            return false;
        }
        int result = file.dataSync();
        if (result < 0) {
            lose("flush", result);
        }
        // Only one of several flushes at once is told of a failure: the others must not say that all is well.
        return result == 0 && !lost;
    }

    private void lose(String what, int error) {
        lost = true;
        context.failed(what + " of " + file + " failed: " + Errno.text(error) + " (" + Errno.name(error)
                + "); what was written since the flush before it may be lost, and every flush fails from now on");
    }

    /** Makes a request durable that wants to be, after its data went to the file; returns whether it is as it wants. */
    boolean stable(BlockRequest request) {
        return !request.durable() || sync();
    }

    /**
     * Judges a durable write through the page cache, which made itself durable. What Linux has to say about other writes
     * that failed in the background it may have said to this one, and says it to nobody else.
     *
     * @param result what the write returned
     * @return whether its data is stable
     */
    boolean stableAfter(long result) {
        if (result == -Errno.EIO && !lost) {
            lose("durable write", -Errno.EIO);
        }
        return result > 0 && !lost;
    }

    /** A discard is a hint: where there are no holes, nothing is done, and well. */
    private boolean giveBack(long offset, long length) {
        return noHoles || punch(offset, length) || noHoles;
    }

    private boolean punch(long offset, long length) {
        int result = file.punchHole(offset, length);
        if (result == -Errno.EOPNOTSUPP) {
            noHoles = true;
        }
        return result == 0;
    }

    private boolean zero(BlockRequest request) {
        long offset = request.offset();
        long length = request.length();
        if (request.mayUnmap() && !noHoles && punch(offset, length)) {
            return true;
        }
        return zeroRange(offset, length) || writeZeroes(offset, length);
    }

    private boolean zeroRange(long offset, long length) {
        if (noZeroRange) {
            return false;
        }
        int result = file.zeroRange(offset, length);
        if (result == -Errno.EOPNOTSUPP) {
            noZeroRange = true;
        }
        return result == 0;
    }

    private boolean writeZeroes(long offset, long length) {
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long step = Math.min(end - at, ZEROES);
            if (file.writeFully(zeroes.address(), step, at) != step) {
                return false;
            }
            at += step;
        }
        return true;
    }
}
