package io.busbar.core.queue;

import io.busbar.core.linux.CompletionHandler;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.IoUring;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.LinuxException;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The asynchronous transfers of one worker (io_uring): prepared during a turn, handed to the kernel together at its end,
 * and ended on the same thread. The worker wakes by a descriptor that is signalled only while it sleeps.
 *
 * <p>For the worker's thread. Nothing is allocated per transfer.
 */
final class AsyncIo {

    private static final Logger LOG = LoggerFactory.getLogger(AsyncIo.class);
    private static final int ENTRIES = 128;
    private static final int BUFFERS_PER_TRANSFER = 128;
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final IoUring ring;
    private final Fd signal;
    private final SlotChain[] transfers;
    private final int[] free;
    private final Iovecs[] lists = new Iovecs[ENTRIES];
    /** The transfer that each list is for, in the order of their preparation. */
    private final int[] users = new int[ENTRIES];
    /** Transfers that the kernel refused and whose ends are not told yet. */
    private final int[] refused;
    private final CompletionHandler ended = this::ended;
    private int freeCount;
    private int prepared;
    private int listsUsed;
    private int refusedCount;
    private boolean ending;

    private AsyncIo(IoUring ring, Fd signal) {
        this.ring = ring;
        this.signal = signal;
        transfers = new SlotChain[ring.capacity()];
        free = new int[ring.capacity()];
        refused = new int[ring.capacity()];
        for (int i = 0; i < free.length; i++) {
            free[i] = i;
        }
        freeCount = free.length;
        for (int i = 0; i < lists.length; i++) {
            lists[i] = new Iovecs(BUFFERS_PER_TRANSFER);
        }
    }

    /**
     * Opens the transfers of a worker.
     *
     * @param epoll what the worker sleeps in
     * @param token reported there when transfers have ended
     * @return the transfers, or null where the kernel has none to give: each transfer then takes another way
     */
    static AsyncIo open(Epoll epoll, long token) {
        try {
            IoUring ring = IoUring.createForThisThread(ENTRIES);
            try {
                return open(ring, epoll, token);
            } catch (LinuxException e) {
                ring.close();
                throw e;
            }
        } catch (LinuxException e) {
            LOG.info("no asynchronous transfers: {}", e.getMessage());
            return null;
        }
    }

    private static AsyncIo open(IoUring ring, Epoll epoll, long token) throws LinuxException {
        Fd signal = EventFd.create();
        try {
            ring.register(signal.number());
            ring.setNotifications(false);
            epoll.add(signal.number(), Epoll.EPOLLIN | Epoll.EPOLLET, token);
            return new AsyncIo(ring, signal);
        } catch (LinuxException e) {
            signal.close();
            throw e;
        }
    }

    /** Prepares a transfer of all that remains of a payload; returns whether there was room. */
    boolean start(SlotChain slot, ChainPayload payload, int descriptor, long fileOffset, int flags) {
        if (freeCount == 0 || ending) {
            return false;
        }
        if (listsUsed == lists.length) {
            submit();
        }
        if (listsUsed == lists.length) {
            return false;
        }
        Iovecs buffers = lists[listsUsed];
        int count = payload.gather(buffers, payload.remaining());
        if (count == 0 || buffers.bytes() < payload.remaining()) {
            return false;
        }
        int index = free[freeCount - 1];
        boolean accepted = payload.writes()
                ? ring.readv(descriptor, buffers, fileOffset, index)
                : ring.writev(descriptor, buffers, fileOffset, flags, index);
        if (accepted) {
            freeCount--;
            transfers[index] = slot;
            prepared++;
            users[listsUsed++] = index;
        }
        return accepted;
    }

    /**
     * Hands what was prepared to the kernel. What it refuses, for lack of memory, is taken back and ends in the next turn as
     * not begun: it would be refused again and again while the worker does nothing else.
     */
    void submit() {
        if (prepared > 0) {
            int taken = ring.submit();
            if (taken <= 0) {
                takeBack();
            } else {
                prepared -= taken;
            }
            if (prepared == 0) {
                listsUsed = 0;
            }
        }
    }

    private void takeBack() {
        ring.withdraw();
        while (prepared > 0) {
            refused[refusedCount++] = users[listsUsed - prepared];
            prepared--;
        }
    }

    /** Ends the transfers that are done; returns how many. */
    int turn() {
        int done = refusedCount;
        for (int i = 0; i < done; i++) {
            ended(refused[--refusedCount], -Errno.EAGAIN);
        }
        return done + ring.drain(ended);
    }

    private void ended(long userData, int result) {
        int index = (int) userData;
        SlotChain slot = transfers[index];
        transfers[index] = null;
        free[freeCount++] = index;
        slot.queue().transferEnded(slot, result);
    }

    /** Returns whether a turn would do something. */
    boolean hasWork() {
        return prepared > 0 || refusedCount > 0 || ring.hasCompletions();
    }

    /** Before a sleep: have it ended by a completion. Returns whether there is work already. */
    boolean prepareSleep() {
        ring.setNotifications(true);
        return hasWork();
    }

    void awake() {
        ring.setNotifications(false);
    }

    /** Starts nothing more, and has transfers end, with an error, that the kernel can cancel. */
    void cancel() {
        ending = true;
        takeBack();
        ring.finish(0, ended);
    }

    /**
     * Ends it when no transfer is in flight any more: until then the kernel uses their buffers, and would cut short the
     * transfers of a thread that ends. What takes long is named.
     */
    void close() {
        cancel();
        turn();
        if (!ring.finish(PATIENCE_NANOS, ended)) {
            LOG.warn("{}: {} transfers do not end: the thread waits for them, and the driver's memory must stay",
                    Thread.currentThread().getName(), ring.inFlight());
            do {
                LockSupport.parkNanos(PATIENCE_NANOS);
            } while (!ring.finish(PATIENCE_NANOS, ended));
        }
        ring.close();
        signal.close();
    }
}
