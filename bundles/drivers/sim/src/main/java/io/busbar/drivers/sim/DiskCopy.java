package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.vdpa.CopyWatch;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a disk's content to another one while a driver uses it: all of it once, then again and again what was written meanwhile, until
 * little is left; that, and a flush, while nothing is in flight. What the driver had flushed is durable on the new disk when it gets its first
 * request.
 */
final class DiskCopy implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DiskCopy.class);

    /** Bytes that are read and written at once. */
    private static final int MOST = 1 << 20;
    /** As much may be left for the time in which the driver waits. */
    private static final long LITTLE = 2 << 20;
    /** Rounds over what was written meanwhile; a driver that writes faster than that is not caught up with. */
    private static final int MOST_ROUNDS = 200;
    private static final long PAGE = 4096;
    /** A backend that has not ended a request after this time has failed. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    /**
     * Most time that the driver waits for what is left. Shorter than a data path waits beyond the deadline for an exchange that
     * is being made: whoever waits must not take it for refused while it is made after all.
     */
    private static final long MOST_LAST_NANOS = TimeUnit.SECONDS.toNanos(4);

    private final DeviceParts parts;
    private final DeviceParts.Present before;
    private final BlockBackend from;
    private final BlockBackend to;
    private final Duration deadline;
    private final CopyWatch watch;
    private final long capacity;
    private final Dirt dirt;
    /** Freed when nobody has it any more: not this, not a backend that does not end a request, not the thread of a queue. */
    private final MemorySegment memory = Arena.ofAuto().allocate(MOST, PAGE);
    private final CopyRequest request = new CopyRequest(new SegmentPayload(memory));
    private long copied;
    /** When the driver began to wait, and how long it may at most; 0 while it does not. */
    private long lastBegan;
    private long lastNanos;
    private boolean leads;
    private boolean done;
    /** Nobody waits for the exchange any more: it must not be made. */
    private volatile boolean closed;

    /**
     * Makes one that has not begun.
     *
     * @param parts    of the device
     * @param before   what the swap began with
     * @param from     the disk that the driver uses
     * @param to       the one that is to have the content, of the same capacity
     * @param deadline for what is in flight when queues are stopped
     * @param watch    told how far it has come
     */
    DiskCopy(
            DeviceParts parts,
            DeviceParts.Present before,
            BlockBackend from,
            BlockBackend to,
            Duration deadline,
            CopyWatch watch) {
        this.parts = parts;
        this.before = before;
        this.from = from;
        this.to = to;
        this.deadline = deadline;
        this.watch = watch;
        capacity = from.info().capacity();
        dirt = new Dirt(capacity);
    }

    /**
     * Copies until little is left. On a control thread.
     *
     * @throws VdpaException why not; the driver goes on with the old disk when this is closed
     */
    void run() throws VdpaException {
        parts.lead(before, new WatchedDisk(from, dirt), deadline);
        leads = true;
        for (int round = 0; round <= MOST_ROUNDS; round++) {
            copyMarked(true);
            // Before it is seen what is left: a flush takes its time, in which the driver writes.
            flush();
            if (dirt.bytes() <= LITTLE) {
                return;
            }
        }
        throw refusal(VdpaError.EBUSY, Reason.IN_USE, "the driver writes faster than its disk is copied: " + dirt.bytes()
                + " bytes of " + capacity + " are left after " + copied);
    }

    /** Copies what is left, and makes it durable, while nothing is in flight. On the thread of a queue. */
    void finish() throws VdpaException {
        lastBegan = System.nanoTime();
        lastNanos = Math.min(deadline.toNanos(), MOST_LAST_NANOS);
        copyMarked(false);
        flush();
    }

    /** The new disk has the driver's requests; returns how many bytes were copied for it. */
    long isDone() {
        done = true;
        return copied;
    }

    private void copyMarked(boolean watched) throws VdpaException {
        for (int piece = dirt.next(0); piece >= 0; piece = dirt.next(piece)) {
            int first = piece;
            while (piece - first < MOST / Dirt.PIECE && dirt.take(piece)) {
                piece++;
            }
            copy((long) first * Dirt.PIECE, (long) piece * Dirt.PIECE);
            if (watched) {
                tell();
            }
        }
    }

    private void tell() throws VdpaException {
        long left = dirt.bytes();
        parts.copied(copied + " of " + (copied + left) + " bytes");
        if (!watch.goesOn(copied, left)) {
            throw refusal(VdpaError.EBUSY, Reason.NONE, "the copy was cancelled after " + copied + " bytes");
        }
        parts.checkStillPresent(before);
    }

    private void copy(long begin, long end) throws VdpaException {
        long length = Math.min(end, capacity) - begin;
        if (length <= 0) {
            return;
        }
        submit(from, BlockOperation.READ, begin, length, "read");
        boolean zero = to.info().writeZeroes() && isZero(length);
        submit(to, zero ? BlockOperation.WRITE_ZEROES : BlockOperation.WRITE, begin, length, "written");
        copied += length;
    }

    private boolean isZero(long length) {
        for (long at = 0; at < length; at += Long.BYTES) {
            if (memory.get(ValueLayout.JAVA_LONG, at) != 0) {
                return false;
            }
        }
        return true;
    }

    private void flush() throws VdpaException {
        if (to.info().flush()) {
            submit(to, BlockOperation.FLUSH, 0, 0, "flushed");
        }
    }

    private void submit(BlockBackend disk, BlockOperation operation, long offset, long length, String what)
            throws VdpaException {
        boolean ended;
        try {
            ended = request.submit(disk, operation, offset, length, patienceNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refusal(VdpaError.EBUSY, Reason.INTERNAL, "the copy was interrupted");
        } catch (RuntimeException | LinkageError thrown) {
            throw new VdpaException(VdpaError.EIO, Reason.BACKEND_FAILED, "the backend threw " + thrown, thrown);
        }
        if (!ended) {
            throw refusal(VdpaError.EIO, Reason.BACKEND_FAILED, (disk == from ? "the old" : "the new") + " disk cannot be " + what
                    + ": " + length + " bytes at " + offset);
        }
        if (closed || patienceNanos() == 0) {
            throw refusal(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, "what the driver wrote last is not on the new disk after "
                    + TimeUnit.NANOSECONDS.toMillis(lastNanos) + " ms, in which the driver waits");
        }
    }

    private long patienceNanos() {
        return lastNanos == 0 ? PATIENCE_NANOS : Math.max(0, lastNanos - (System.nanoTime() - lastBegan));
    }

    private static VdpaException refusal(VdpaError error, Reason reason, String sentence) {
        return new VdpaException(error, reason, sentence, null);
    }

    /** Requests go to the disk itself again, whichever it is; what cannot be had now does no harm, and ends with the backend. */
    @Override
    public void close() {
        closed = true;
        parts.copied("");
        if (leads && !done) {
            try {
                parts.lead(before, from, deadline);
            } catch (VdpaException gone) {
                LOG.warn("{}: after a copy that was not finished: {}", before.opener().request().name(), gone.getMessage());
            }
        }
    }
}
