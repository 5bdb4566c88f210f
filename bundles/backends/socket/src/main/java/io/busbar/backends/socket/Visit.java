package io.busbar.backends.socket;

import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DescriptorThread.Watch;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Poll;
import io.busbar.core.linux.StreamIo;
import java.lang.foreign.MemorySegment;

/**
 * One connection. The queues' threads read and write, the backend's thread ends it; the socket is kept open while one of them
 * is inside a call.
 */
final class Visit {

    private final Fd fd;
    private final int number;
    private Watch watch;

    /** Nothing can be written to it any more. */
    private volatile boolean gone;

    /** The other end sends no more. */
    private volatile boolean ending;

    /** All that it sent was read. */
    private volatile boolean drained;

    Visit(Fd fd, int number) {
        this.fd = fd;
        this.number = number;
    }

    int number() {
        return number;
    }

    Fd fd() {
        return fd;
    }

    void watch(Watch started) {
        watch = started;
    }

    boolean isGone() {
        return gone;
    }

    boolean isDrained() {
        return drained;
    }

    /**
     * Returns whether another one may take its place. On the backend's thread, which may not have been told yet that this one has ended its
     * side, or has gone, when it hears of the other one.
     */
    boolean mayBeReplaced() {
        if (!ending && Poll.await(fd.number(), Poll.POLLRDHUP, 0) > 0) {
            ending = true;
        }
        return gone || ending;
    }

    void markGone() {
        gone = true;
        ending = true;
    }

    void markEnding() {
        ending = true;
    }

    /**
     * Writes.
     *
     * @return bytes taken, 0 if there is no room, or a negated errno if nothing will ever be taken
     */
    long write(MemorySegment bytes, long offset, long length) {
        if (gone || !fd.retain()) {
            return 0;
        }
        try {
            long done = StreamIo.write(fd.number(), bytes, offset, length);
            return done == -Errno.EAGAIN || done == -Errno.EINTR ? 0 : done;
        } finally {
            fd.release();
        }
    }

    /**
     * Reads.
     *
     * @return bytes given, 0 if none wait, or -EFAULT
     */
    long read(Payload into) {
        if (drained || !fd.retain()) {
            return 0;
        }
        try {
            long done = into.receiveFrom(fd.number());
            if (done > 0 || done == -Errno.EFAULT) {
                return done;
            }
            if (done != -Errno.EAGAIN && done != -Errno.EINTR) {
                drained = true; // The end, or the connection was broken.
            }
            return 0;
        } finally {
            fd.release();
        }
    }

    /** Ends it. On the backend's thread. */
    void close() {
        markGone();
        drained = true;
        if (watch != null) {
            watch.close();
        }
        fd.close();
    }
}
