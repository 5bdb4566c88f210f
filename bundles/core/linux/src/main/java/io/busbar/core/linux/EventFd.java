package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

/**
 * Counters in the kernel that wake whoever waits for them: kick and call descriptors. The methods that take a number
 * work on any descriptor that carries 8-byte counts, allocate nothing, never throw, and may be called from any thread.
 */
public final class EventFd {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;
    private static final int RWF_NOWAIT = 8;
    private static final long CURRENT_POSITION = -1;
    private static final int IOVEC = 16;

    private EventFd() {
    }

    /** A counter at 0, non-blocking, close-on-exec. */
    public static Fd create() throws LinuxException {
        return create(EFD_CLOEXEC | EFD_NONBLOCK);
    }

    /** A counter at 0 whose {@link #await(int)} waits for a signal; close-on-exec. */
    public static Fd createBlocking() throws LinuxException {
        return create(EFD_CLOEXEC);
    }

    private static Fd create(int flags) throws LinuxException {
        return Fd.own((int) LinuxException.check(Syscall.call(Nr.EVENTFD2, 0, flags), "create an eventfd"));
    }

    /**
     * Adds 1. For our own descriptors; one that a peer gave is signalled by {@link CallSignal}.
     *
     * @return 0, or negative errno (-EAGAIN: the counter is full, so a signal is pending)
     */
    public static int signal(int fd) {
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_LONG, scratch, 1);
        return (int) Math.min(Syscall.call(Nr.WRITE, fd, scratch, Long.BYTES), 0);
    }

    /**
     * Reads 8 bytes without ever waiting, whatever the descriptor's O_NONBLOCK says (a peer may read its own counter
     * between our wait and our read).
     *
     * @return the count, which is at least 1 for an eventfd; -EAGAIN when there is none; 0 when a pipe or socket has
     *         ended; -EIO when fewer than 8 bytes came; other negative errno
     */
    public static long drain(int fd) {
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_LONG, scratch + IOVEC, scratch);
        Memory.ALL.set(JAVA_LONG, scratch + IOVEC + 8, Long.BYTES);
        long got = Syscall.call(Nr.PREADV2, fd, scratch + IOVEC, 1, CURRENT_POSITION, 0, RWF_NOWAIT);
        if (got == -Errno.EOPNOTSUPP) {
            got = readIfReady(fd);
        }
        return count(got, scratch);
    }

    /**
     * Reads 8 bytes, and waits for them where the descriptor is a blocking one.
     *
     * @return as {@link #drain}; -EINTR after a signal
     */
    public static long await(int fd) {
        long scratch = Syscall.scratch();
        return count(Syscall.call(Nr.READ, fd, scratch, Long.BYTES), scratch);
    }

    private static long readIfReady(int fd) {
        int ready = Poll.await(fd, Poll.POLLIN, 0);
        if (ready <= 0) {
            return ready == 0 ? -Errno.EAGAIN : ready;
        }
        return Syscall.call(Nr.READ, fd, Syscall.scratch(), Long.BYTES);
    }

    private static long count(long got, long scratch) {
        if (got == Long.BYTES) {
            // An eventfd holds up to 2^64-2, a peer's socket anything: never hand out a count that looks like an errno.
            long count = Memory.ALL.get(JAVA_LONG, scratch);
            return count > 0 ? count : Long.MAX_VALUE;
        }
        return got <= 0 ? got : -Errno.EIO;
    }
}
