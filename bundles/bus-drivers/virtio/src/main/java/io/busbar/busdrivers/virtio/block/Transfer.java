package io.busbar.busdrivers.virtio.block;

import io.busbar.api.driver.Completion;
import io.busbar.api.driver.DriverException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * One operation of a user, from its begin to its end; used again for others afterwards. Under the disk's lock, apart from
 * what the thread that waits reads.
 */
final class Transfer {

    private Operation operation;
    private long offset;
    private long length;
    private MemorySegment data;
    private boolean unmap;
    private Completion completion;
    private Thread waiter;
    /** Bytes that were given to pieces. */
    private long issued;
    private boolean issuedAll;
    private int pieces;
    /** Pieces whose bytes are being copied at this moment, outside of the lock. */
    private int touching;
    private boolean abandoned;
    private DriverException failure;
    /** Written last, read first by the thread that waits. */
    private volatile boolean done;

    /** In one list at a time: waiting, ended, or spare. */
    Transfer next;

    /** Describes the operation. */
    void begin(Operation newOperation, long newOffset, long newLength, MemorySegment newData, boolean newUnmap,
            Completion newCompletion) {
        operation = newOperation;
        offset = newOffset;
        length = newLength;
        data = newData;
        unmap = newUnmap;
        completion = newCompletion;
        waiter = newCompletion == null ? Thread.currentThread() : null;
        issued = 0;
        issuedAll = false;
        pieces = 0;
        touching = 0;
        abandoned = false;
        failure = null;
        done = false;
    }

    /** Forgets what belongs to the user. */
    void clear() {
        data = null;
        completion = null;
        waiter = null;
        failure = null;
    }

    Operation operation() {
        return operation;
    }

    long offset() {
        return offset;
    }

    long length() {
        return length;
    }

    MemorySegment data() {
        return data;
    }

    boolean unmap() {
        return unmap;
    }

    /** Returns who is told, or null if a thread waits. */
    Completion completion() {
        return completion;
    }

    DriverException failure() {
        return failure;
    }

    boolean isDone() {
        return done;
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Returns whether bytes are being copied; the caller has touched it as well. */
    boolean isTouchedByOthers() {
        return touching > 1;
    }

    /** Returns whether nothing is left to give to pieces. */
    boolean isIssued() {
        return issuedAll;
    }

    /**
     * Begins a piece, whose bytes are copied next.
     *
     * @param most bytes that it may have
     * @return where it begins, from the operation's begin
     */
    long beginPiece(long most) {
        long from = issued;
        issued = Math.min(length, issued + most);
        issuedAll = issued == length;
        pieces++;
        touching++;
        return from;
    }

    /** Returns how many bytes the piece has that was begun last. */
    long pieceEnd() {
        return issued;
    }

    void touch() {
        touching++;
    }

    void untouch() {
        touching--;
    }

    /**
     * Ends a piece.
     *
     * @param why it failed, or null
     */
    void endPiece(DriverException why) {
        pieces--;
        if (why != null) {
            fail(why);
        }
    }

    /** Gives no more to pieces. */
    void fail(DriverException why) {
        if (failure == null) {
            failure = why;
        }
        issuedAll = true;
    }

    /** The thread that waited left: what is still in the device goes nowhere. */
    void abandon() {
        abandoned = true;
        issuedAll = true;
    }

    boolean hasEnded() {
        return issuedAll && pieces == 0 && touching == 0;
    }

    /** Wakes the thread that waits; the operation is its own then. */
    void releaseWaiter() {
        Thread waiting = waiter;
        done = true;
        LockSupport.unpark(waiting);
    }

    @Override
    public String toString() {
        return operation == null ? "spare" : operation.describe(offset, length);
    }
}
