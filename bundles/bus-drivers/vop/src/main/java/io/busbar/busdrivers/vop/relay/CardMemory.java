package io.busbar.busdrivers.vop.relay;

import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.PeerRange;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.core.linux.CurrentThread;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The card's memory, as far as one queue has met it: each piece that the card shares is mapped once. What the card takes away is
 * let go of, and looked for again, as another piece may be at its place.
 *
 * <p>One thread at a time. No method throws for what the card did: an address that is not there is an answer.
 */
final class CardMemory implements AutoCloseable {

    /** A card has a boot region and a few of guests' memory; who has more has its pieces mapped anew. */
    private static final int MOST = 32;

    /** Another piece may be at the same place; and again, if it is not the card's memory that is gone. */
    private static final int ATTEMPTS = 2;

    private final VopHardwareOps ops;
    private final LinkMeter meter;
    private final PeerRange[] ranges = new PeerRange[MOST];
    private final LinkWindow[] windows = new LinkWindow[MOST];
    private int count;
    private int latest;
    private int victim;

    CardMemory(VopHardwareOps ops, LinkMeter meter) {
        this.ops = ops;
        this.meter = meter;
    }

    /** Returns whether a buffer is all in memory that the card shares. */
    boolean shares(long address, long bytes) {
        return find(address, bytes) >= 0;
    }

    /** Returns whether a piece that is mapped already has all of this. */
    boolean hasMapped(long address, long bytes) {
        return known(address, bytes) >= 0;
    }

    /**
     * Reads.
     *
     * @param address where from
     * @param target  where to
     * @param offset  in it
     * @param bytes   0 and up
     * @return whether it was there
     */
    boolean read(long address, MemorySegment target, long offset, long bytes) {
        for (int i = 0; i < ATTEMPTS; i++) {
            int at = find(address, bytes);
            if (at < 0) {
                return false;
            }
            try {
                windows[at].copyTo(address - ranges[at].address(), target, offset, bytes);
                // Here at the latest: what was not copied is not given to anybody.
                CurrentThread.throwPendingFault();
                return true;
            } catch (InternalError _) {
                // The card has taken the piece away.
                drop(at);
            }
        }
        return false;
    }

    /**
     * Writes.
     *
     * @param address where to
     * @param source  where from
     * @param offset  in it
     * @param bytes   0 and up
     * @return whether it was there
     */
    boolean write(long address, MemorySegment source, long offset, long bytes) {
        for (int i = 0; i < ATTEMPTS; i++) {
            int at = find(address, bytes);
            if (at < 0) {
                return false;
            }
            try {
                windows[at].copyFrom(address - ranges[at].address(), source, offset, bytes);
                // Here at the latest: what was not copied is not given to anybody.
                CurrentThread.throwPendingFault();
                return true;
            } catch (InternalError _) {
                // The card has taken the piece away.
                drop(at);
            }
        }
        return false;
    }

    private int find(long address, long bytes) {
        int at = known(address, bytes);
        return at >= 0 ? at : map(address, bytes);
    }

    private int known(long address, long bytes) {
        if (count > 0 && ranges[latest].holds(address, bytes)) {
            return latest;
        }
        for (int i = 0; i < count; i++) {
            if (ranges[i].holds(address, bytes)) {
                latest = i;
                return i;
            }
        }
        return -1;
    }

    private int map(long address, long bytes) {
        Optional<PeerRange> around = ops.peerRange(address);
        try {
            if (around.isEmpty() || !around.get().holds(address, bytes)) {
                // Refused, and counted as the card's fault.
                ops.map(address, bytes, meter).close();
                return -1;
            }
            LinkWindow window = ops.map(around.get().address(), around.get().bytes(), meter);
            int at = place();
            ranges[at] = around.get();
            windows[at] = window;
            latest = at;
            return at;
        } catch (VopException _) {
            return -1;
        }
    }

    private int place() {
        if (count < MOST) {
            return count++;
        }
        victim = (victim + 1) % MOST;
        windows[victim].close();
        return victim;
    }

    private void drop(int at) {
        windows[at].close();
        count--;
        ranges[at] = ranges[count];
        windows[at] = windows[count];
        ranges[count] = null;
        windows[count] = null;
        latest = 0;
    }

    @Override
    public void close() {
        while (count > 0) {
            drop(count - 1);
        }
    }
}
