package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

/**
 * The device's side of a call descriptor of a vhost-user front-end: an eventfd (QEMU, DPDK), a socket (User Mode
 * Linux) or a pipe. Which one is found out once. A signal is 8 bytes that hold 1, sent in one piece or not at all, and
 * never waits: O_NONBLOCK is a property of the open file, which is the front-end's, so it is not set; each call asks
 * for it instead.
 *
 * <p>An eventfd has no such flag. One that its owner opened non-blocking is written to directly; otherwise it is asked
 * first whether there is room. What is left is an owner that clears O_NONBLOCK or fills the counter in between: that
 * call waits until the counter is read, which {@link EventFd#drain} on the same descriptor does from any thread.
 *
 * <p>Owns the descriptor. {@link #signal()} and {@link #close()} may race: the descriptor lives until the signal has
 * been given. Allocates nothing per signal.
 */
public final class CallSignal implements AutoCloseable {
    private static final int F_GETFL = 3;
    private static final int O_NONBLOCK = 0x800;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int RWF_NOWAIT = 8;
    private static final long CURRENT_POSITION = -1;
    private static final int IOVEC = 16;

    private final Fd fd;
    private final FdKind kind;
    private final boolean neverBlocks;

    private CallSignal(Fd fd, FdKind kind, boolean neverBlocks) {
        this.fd = fd;
        this.kind = kind;
        this.neverBlocks = neverBlocks;
    }

    /**
     * Takes over {@code fd} if it returns; on an error the caller still owns it.
     *
     * @throws LinuxException EINVAL when it is neither an eventfd nor a socket nor a pipe
     */
    public static CallSignal of(Fd fd) throws LinuxException {
        FdKind kind = fd.kind();
        if (kind != FdKind.EVENTFD && kind != FdKind.SOCKET && kind != FdKind.PIPE) {
            throw new LinuxException("use " + fd + " as a call descriptor", Errno.EINVAL,
                    "it is " + kind + ", expected an eventfd, a socket or a pipe");
        }
        long flags = LinuxException.check(Syscall.call(Nr.FCNTL, fd.number(), F_GETFL, 0), "read the flags of " + fd);
        return new CallSignal(fd, kind, (flags & O_NONBLOCK) != 0);
    }

    /**
     * Signals the driver once. A signal that is still pending counts as given.
     *
     * @return 0; -EPIPE when the other end is gone; -EBADF when closed; other negative errno
     */
    public int signal() {
        if (!fd.retain()) {
            return -Errno.EBADF;
        }
        try {
            return outcome(send(fd.number()));
        } finally {
            fd.release();
        }
    }

    /** What the descriptor is: EVENTFD, SOCKET or PIPE. */
    public FdKind kind() {
        return kind;
    }

    /** The descriptor; it stays owned by this object. */
    public Fd fd() {
        return fd;
    }

    /** Closes the descriptor, at the latest when a signal in progress has ended. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }

    private long send(int number) {
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_LONG, scratch, 1);
        if (kind == FdKind.SOCKET) {
            return Syscall.call(Nr.SENDTO, number, scratch, Long.BYTES, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
        }
        if (neverBlocks) {
            return Syscall.call(Nr.WRITE, number, scratch, Long.BYTES);
        }
        return kind == FdKind.PIPE ? writeNoWait(number, scratch) : writeIfRoom(number, scratch);
    }

    private static long writeNoWait(int number, long scratch) {
        Memory.ALL.set(JAVA_LONG, scratch + IOVEC, scratch);
        Memory.ALL.set(JAVA_LONG, scratch + IOVEC + 8, Long.BYTES);
        long sent = Syscall.call(Nr.PWRITEV2, number, scratch + IOVEC, 1, CURRENT_POSITION, 0, RWF_NOWAIT);
        return sent == -Errno.EOPNOTSUPP ? writeIfRoom(number, scratch) : sent;
    }

    private static long writeIfRoom(int number, long scratch) {
        int ready = Poll.await(number, Poll.POLLOUT, 0);
        if (ready == 0) {
            return -Errno.EAGAIN;
        }
        if (ready < 0) {
            return ready;
        }
        Memory.ALL.set(JAVA_LONG, scratch, 1); // the poll used the same scratch
        return Syscall.call(Nr.WRITE, number, scratch, Long.BYTES);
    }

    private static int outcome(long sent) {
        if (sent >= 0 || sent == -Errno.EAGAIN) {
            return 0;
        }
        return sent == -Errno.ECONNRESET || sent == -Errno.ENOTCONN ? -Errno.EPIPE : (int) sent;
    }
}
