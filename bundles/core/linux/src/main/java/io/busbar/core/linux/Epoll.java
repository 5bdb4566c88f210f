package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * Waits for many descriptors. {@link #add}, {@link #modify}, {@link #remove} and {@link #close} may be called from any
 * thread; {@link #await} and the accessors of its events belong to one thread. Waiting allocates nothing.
 *
 * <p>Closing does not wake a thread that waits: have an {@link EventFd} of your own in the set for that.
 */
public final class Epoll implements AutoCloseable {
    /** There is something to read, or a connection to accept (this and the others: include/uapi/linux/eventpoll.h). */
    public static final int EPOLLIN = 0x001;
    /** There is room to write. */
    public static final int EPOLLOUT = 0x004;
    /** An error is pending, or nobody reads a pipe any more; reported whether it was asked for or not. */
    public static final int EPOLLERR = 0x008;
    /** Both directions are closed; reported whether it was asked for or not. */
    public static final int EPOLLHUP = 0x010;
    /** The peer of a stream socket has closed its direction. */
    public static final int EPOLLRDHUP = 0x2000;
    /** Of several sets that watch the descriptor not all are woken; for {@link #add} alone. */
    public static final int EPOLLEXCLUSIVE = 1 << 28;
    /** One report, then silence until {@link #modify}. */
    public static final int EPOLLONESHOT = 1 << 30;
    /** Edge-triggered: a report for each change, not for as long as the state lasts. */
    public static final int EPOLLET = 1 << 31;

    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CTL_MOD = 3;
    private static final int DEFAULT_EVENTS = 64;
    private static final int NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /* struct epoll_event {u32 events; u64 data}: packed on x86-64 only. */
    private static final int DATA = NativeAccess.X86_64 ? 4 : 8;
    private static final int EVENT_BYTES = DATA + 8;

    private final Fd fd;
    private final MemorySegment events;
    private final int capacity;
    /** Kernels before 5.11 have no epoll_pwait2; found out at the first wait in nanoseconds. */
    private boolean millisecondsOnly;

    private Epoll(Fd fd, int capacity) {
        this.fd = fd;
        this.capacity = capacity;
        // Freed when unreachable, not on close: a waiting thread's kernel still writes to it.
        this.events = Arena.ofAuto().allocate((long) capacity * EVENT_BYTES, Long.BYTES);
    }

    /** A set that reports up to 64 events per wait; close-on-exec. */
    public static Epoll create() throws LinuxException {
        return create(DEFAULT_EVENTS);
    }

    /** A set that reports up to {@code capacity} (1 or more) events per wait; what is over comes with the next wait. */
    public static Epoll create(int capacity) throws LinuxException {
        if (capacity < 1) {
            throw new IllegalArgumentException("Capacity " + capacity + ": expected 1 or more events");
        }
        long number = LinuxException.check(Syscall.call(Nr.EPOLL_CREATE1, EPOLL_CLOEXEC), "create an epoll set");
        return new Epoll(Fd.own((int) number), capacity);
    }

    /**
     * Watches {@code fd} for {@code events}; each report carries {@code token}.
     *
     * @throws LinuxException EPERM when it cannot be waited for (regular file, directory), EEXIST when it is watched
     */
    public void add(int fd, int events, long token) throws LinuxException {
        control(EPOLL_CTL_ADD, fd, events, token, "watch");
    }

    /** Changes what is watched for and the token. */
    public void modify(int fd, int events, long token) throws LinuxException {
        control(EPOLL_CTL_MOD, fd, events, token, "change the watch of");
    }

    /** Stops watching; call it before the descriptor is closed, as a duplicate elsewhere would keep the watch alive. */
    public void remove(int fd) throws LinuxException {
        control(EPOLL_CTL_DEL, fd, 0, 0, "stop watching");
    }

    /**
     * Waits for events.
     *
     * @param timeoutMillis 0 looks and returns; negative waits without limit
     * @return number of events, 0 when the time is over or after a signal, or negative errno
     */
    public int await(int timeoutMillis) {
        int count = (int) Syscall.call(Nr.EPOLL_PWAIT, fd.number(), events.address(), capacity, timeoutMillis, 0, 0);
        Reference.reachabilityFence(this);
        return count == -Errno.EINTR ? 0 : count;
    }

    /**
     * Waits for events with a fine timeout; kernels before 5.11 round it up to milliseconds.
     *
     * @param timeoutNanos 0 looks and returns; negative waits without limit
     * @return as {@link #await}
     */
    public int awaitNanos(long timeoutNanos) {
        if (timeoutNanos < 0) {
            return await(-1);
        }
        if (!millisecondsOnly) {
            int count = awaitFine(timeoutNanos);
            if (count != -Errno.ENOSYS) {
                return count;
            }
            millisecondsOnly = true;
        }
        return await((int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(timeoutNanos, NANOS_PER_MILLI)));
    }

    private int awaitFine(long timeoutNanos) {
        long timespec = Syscall.scratch();
        Memory.ALL.set(JAVA_LONG, timespec, timeoutNanos / NANOS_PER_SECOND);
        Memory.ALL.set(JAVA_LONG, timespec + 8, timeoutNanos % NANOS_PER_SECOND);
        int count = (int) Syscall.call(Nr.EPOLL_PWAIT2, fd.number(), events.address(), capacity, timespec, 0, 0);
        Reference.reachabilityFence(this);
        return count == -Errno.EINTR ? 0 : count;
    }

    /** The token of event {@code index} of the last wait, 0 to its count - 1. */
    public long token(int index) {
        return events.get(JAVA_LONG_UNALIGNED, (long) index * EVENT_BYTES + DATA);
    }

    /** What happened, of event {@code index} of the last wait: EPOLLIN, EPOLLHUP, ... */
    public int events(int index) {
        return events.get(JAVA_INT, (long) index * EVENT_BYTES);
    }

    /** The set's own descriptor, e.g. to wait for it in another set. */
    public Fd fd() {
        return fd;
    }

    /** Closes the set; what it watched stays open. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }

    private void control(int operation, int watched, int wanted, long token, String verb) throws LinuxException {
        long event = Syscall.scratch();
        Memory.ALL.set(JAVA_INT, event, wanted);
        Memory.ALL.set(JAVA_LONG_UNALIGNED, event + DATA, token);
        long result = Syscall.call(Nr.EPOLL_CTL, fd.number(), operation, watched, event);
        if (result < 0) {
            throw new LinuxException(verb + " descriptor " + watched, (int) result);
        }
    }
}
