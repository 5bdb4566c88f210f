package io.busbar.backends.nbd;

import io.busbar.api.backend.BlockRequest;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Requests that no connection has taken yet: a ring of fixed size, with any number of threads at both ends (D. Vyukov's
 * bounded queue). A cell's turn says whose it is: that of its position when it is empty, one more when it is full.
 */
final class Submissions {

    private static final VarHandle TURNS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle PUT;
    private static final VarHandle TAKEN;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            PUT = lookup.findVarHandle(Submissions.class, "put", long.class);
            TAKEN = lookup.findVarHandle(Submissions.class, "taken", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final BlockRequest[] requests;
    private final long[] turns;
    private final int mask;
    private final int most;
    private volatile long put;
    private volatile long taken;

    /**
     * Makes an empty one.
     *
     * @param capacity a power of two
     * @param reserve  of it, what is kept for those who give requests back, and for threads that offer at one moment
     */
    Submissions(int capacity, int reserve) {
        requests = new BlockRequest[capacity];
        turns = new long[capacity];
        mask = capacity - 1;
        most = capacity - reserve;
        for (int i = 0; i < capacity; i++) {
            turns[i] = i;
        }
    }

    /** Puts a request behind the others; returns false if there is no room. */
    boolean offer(BlockRequest request) {
        return put - taken < most && insert(request);
    }

    /** Puts a request behind the others that was taken and not done: there is room, if not before a taker has left its cell. */
    void giveBack(BlockRequest request) {
        while (!insert(request)) {
            Thread.onSpinWait();
        }
    }

    private boolean insert(BlockRequest request) {
        long at = put;
        while (true) {
            int cell = (int) at & mask;
            long turn = (long) TURNS.getAcquire(turns, cell);
            if (turn == at) {
                if (PUT.compareAndSet(this, at, at + 1)) {
                    requests[cell] = request;
                    // Release, pairs with the acquire in poll(): whoever sees the turn sees the request.
                    TURNS.setRelease(turns, cell, at + 1);
                    return true;
                }
            } else if (turn < at) {
                return false;
            }
            at = put;
        }
    }

    /** Takes the first request, or null if there is none. */
    BlockRequest poll() {
        long at = taken;
        while (true) {
            int cell = (int) at & mask;
            long turn = (long) TURNS.getAcquire(turns, cell);
            if (turn == at + 1) {
                if (TAKEN.compareAndSet(this, at, at + 1)) {
                    BlockRequest request = requests[cell];
                    requests[cell] = null;
                    // Release, pairs with the acquire in offer(): the cell is empty before it is used again.
                    TURNS.setRelease(turns, cell, at + mask + 1);
                    return request;
                }
            } else if (turn <= at) {
                return null;
            }
            at = taken;
        }
    }

    /** Returns whether there is none, as far as this thread can see. */
    boolean isEmpty() {
        return taken == put;
    }
}
