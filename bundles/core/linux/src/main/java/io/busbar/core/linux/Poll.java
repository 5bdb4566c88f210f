package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

/** Waits for one descriptor (ppoll). Allocates nothing; any thread. */
public final class Poll {
    /** There is something to read, or a connection to accept (this and the others: include/uapi/asm-generic/poll.h). */
    public static final int POLLIN = 0x001;
    /** There is room to write. */
    public static final int POLLOUT = 0x004;
    /** An error is pending, or nobody reads a pipe any more; only reported. */
    public static final int POLLERR = 0x008;
    /** The other side has hung up; only reported. */
    public static final int POLLHUP = 0x010;
    /** The number is no open descriptor; only reported. */
    public static final int POLLNVAL = 0x020;

    /** The other side of a stream sends no more, or has hung up. */
    public static final int POLLRDHUP = 0x2000;

    private static final int TIMESPEC = 16;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private Poll() {
    }

    /**
     * Waits until one of {@code events} is there; POLLERR, POLLHUP and POLLNVAL end the wait too.
     *
     * @param fd           number of the descriptor
     * @param events       {@link #POLLIN}, {@link #POLLOUT}, {@link #POLLRDHUP}, or several of them
     * @param timeoutNanos 0 looks and returns; negative waits without limit
     * @return the events that are there; 0 when the time is over; negative errno (EINTR after a signal)
     */
    public static int await(int fd, int events, long timeoutNanos) {
        // struct pollfd {int fd; short events, revents} at 0, struct timespec {long seconds, nanoseconds} at 16
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_INT, scratch, fd);
        Memory.ALL.set(JAVA_SHORT, scratch + 4, (short) events);
        Memory.ALL.set(JAVA_SHORT, scratch + 6, (short) 0);
        long timeout = 0;
        if (timeoutNanos >= 0) {
            timeout = scratch + TIMESPEC;
            Memory.ALL.set(JAVA_LONG, timeout, timeoutNanos / NANOS_PER_SECOND);
            Memory.ALL.set(JAVA_LONG, timeout + 8, timeoutNanos % NANOS_PER_SECOND);
        }
        int ready = (int) Syscall.call(Nr.PPOLL, scratch, 1, timeout, 0);
        return ready <= 0 ? ready : Memory.ALL.get(JAVA_SHORT, scratch + 6);
    }
}
