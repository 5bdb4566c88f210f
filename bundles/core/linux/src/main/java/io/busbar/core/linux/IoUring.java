package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Asynchronous requests to files (io_uring, Linux 5.11). One thread prepares, submits and drains; an instance has no
 * locks. Nothing allocates after creation.
 *
 * <p>Prepare any number of requests, {@link #submit} them with one system call, and {@link #drain} what has finished.
 * A prepare method returns false when there is no room: submit, or drain, and try again. At most {@link #capacity()}
 * requests are in flight, so that no completion can be lost. Buffers and descriptors of a request stay as they are until
 * it completes; {@link Iovecs} can be filled again after the submit.
 *
 * <p>The thread that submitted must live until its requests have completed: Linux cancels what a thread leaves behind.
 *
 * <p>To wait for it among other things, register an eventfd ({@link #register}) and put that into an {@link Epoll}, or
 * register the kick descriptor that one blocking read waits for. {@link #setNotifications} spares the signal while
 * the thread is awake anyway; after switching it on again, drain once more before sleeping.
 */
public final class IoUring implements AutoCloseable {
    private static final int FEATURE_SINGLE_MMAP = 1;
    private static final int FEATURE_NODROP = 1 << 1;
    private static final int FEATURE_SUBMIT_STABLE = 1 << 2;
    private static final int FEATURE_EXT_ARG = 1 << 8;
    private static final int REQUIRED_FEATURES =
            FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_SUBMIT_STABLE | FEATURE_EXT_ARG;

    private static final int SETUP_CLAMP = 1 << 4;
    private static final int SETUP_TASKRUN_FLAG = 1 << 9;
    private static final int SETUP_SINGLE_ISSUER = 1 << 12;
    private static final int SETUP_DEFER_TASKRUN = 1 << 13;
    private static final int SETUP_OWNED = SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
    private static final int ENTER_GETEVENTS = 1;
    private static final int ENTER_EXT_ARG = 1 << 3;
    private static final int GETEVENTS_ARG_BYTES = 24;
    private static final int REGISTER_EVENTFD = 4;
    private static final int UNREGISTER_EVENTFD = 5;
    private static final int REGISTER_SYNC_CANCEL = 24;
    private static final int SYNC_CANCEL_BYTES = 64;
    private static final int CANCEL_ALL_ANY = 1 | 1 << 2;

    private static final int OP_NOP = 0;
    private static final int OP_READV = 1;
    private static final int OP_WRITEV = 2;
    private static final int OP_FSYNC = 3;
    private static final int OP_ASYNC_CANCEL = 14;
    private static final int OP_FALLOCATE = 17;
    private static final int OP_READ = 22;
    private static final int OP_WRITE = 23;
    private static final int FSYNC_DATASYNC = 1;
    private static final int FALLOC_FL_KEEP_SIZE = 0x1;
    private static final int FALLOC_FL_PUNCH_HOLE = 0x2;
    private static final int FALLOC_FL_ZERO_RANGE = 0x10;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;
    private static final long OFF_RINGS = 0;
    private static final long OFF_SQES = 0x10000000L;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long CLOSE_TIMEOUT_NANOS = 10 * NANOS_PER_SECOND;
    private static final CompletionHandler IGNORE = (userData, result) -> { };

    private final Fd fd;
    private final Arena arena = Arena.ofShared();
    private final RingLayout layout;
    private final long ringAddress;
    private final long sqeAddress;
    private final SubmissionQueue submissions;
    private final CompletionQueue completions;
    /** The kernel writes results down only inside our own system calls. */
    private final boolean deferred;
    private int unfinished;

    private IoUring(Fd fd, RingLayout layout, boolean deferred, long ringAddress, long sqeAddress) {
        this.fd = fd;
        this.deferred = deferred;
        this.layout = layout;
        this.ringAddress = ringAddress;
        this.sqeAddress = sqeAddress;
        MemorySegment ring = Memory.view(ringAddress, layout.ringBytes(), arena);
        MemorySegment sqes = Memory.view(sqeAddress, sqeBytes(layout), arena);
        this.submissions = new SubmissionQueue(ring, sqes, layout);
        this.completions = new CompletionQueue(ring, layout);
    }

    /**
     * A ring for {@code entries} requests per submit and twice as many in flight.
     *
     * @param entries 1 or more; rounded up to a power of two and down to what the kernel allows (32768)
     * @throws LinuxException ENOSYS or EPERM where io_uring is not to be had, EOPNOTSUPP before Linux 5.11, ENOMEM
     */
    public static IoUring create(int entries) throws LinuxException {
        return create(entries, 0);
    }

    /**
     * A ring that the current thread alone uses, from now to its close. Where the kernel can (Linux 6.1), a request that
     * ends does not interrupt this thread: its result is written down when {@link #drain} or a submit asks for it, all that
     * have ended at once. Before Linux 6.1 it is as {@link #create}.
     *
     * @param entries as for {@link #create}
     * @throws LinuxException as {@link #create}
     */
    public static IoUring createForThisThread(int entries) throws LinuxException {
        try {
            return create(entries, SETUP_OWNED);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            return create(entries, 0);
        }
    }

    private static IoUring create(int entries, int flags) throws LinuxException {
        if (entries < 1) {
            throw new IllegalArgumentException("Entries " + entries + ": expected 1 or more");
        }
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment params = scratch.allocate(RingLayout.PARAMS_BYTES, Long.BYTES);
            params.set(JAVA_INT, 8, SETUP_CLAMP | flags);
            long number = Syscall.call(Nr.IO_URING_SETUP, entries, params.address());
            if (number < 0) {
                throw new LinuxException("set up io_uring", (int) number, reason((int) number));
            }
            Fd fd = Fd.own((int) number);
            try {
                return map(fd, RingLayout.of(params), (flags & SETUP_DEFER_TASKRUN) != 0);
            } catch (LinuxException e) {
                fd.close();
                throw e;
            }
        }
    }

    /** Whether this kernel lets us use io_uring. Found out once. */
    public static boolean isAvailable() {
        return Availability.CAUSE == null;
    }

    /** Why io_uring is not to be had, empty when it is. */
    public static Optional<LinuxException> unavailabilityCause() {
        return Optional.ofNullable(Availability.CAUSE);
    }

    /** Most requests in flight. */
    public int capacity() {
        return layout.cqEntries();
    }

    /** Requests that were prepared and whose completion was not drained yet. */
    public int inFlight() {
        return unfinished;
    }

    /** Prepares a read of {@code length} bytes to {@code address}; false when there is no room. */
    public boolean read(int file, long address, int length, long offset, long userData) {
        return prepare(OP_READ, file, offset, address, length, 0, userData);
    }

    /**
     * Prepares a write of {@code length} bytes at {@code address}; false when there is no room.
     *
     * @param flags 0 or {@link PositionalFile#RWF_DSYNC}
     */
    public boolean write(int file, long address, int length, long offset, int flags, long userData) {
        return prepare(OP_WRITE, file, offset, address, length, flags, userData);
    }

    /** Prepares a read into several buffers; false when there is no room. */
    public boolean readv(int file, Iovecs buffers, long offset, long userData) {
        return prepare(OP_READV, file, offset, buffers.address(), buffers.count(), 0, userData);
    }

    /** Prepares a write from several buffers; false when there is no room. Flags as in {@link #write}. */
    public boolean writev(int file, Iovecs buffers, long offset, int flags, long userData) {
        return prepare(OP_WRITEV, file, offset, buffers.address(), buffers.count(), flags, userData);
    }

    /**
     * Prepares an fdatasync; false when there is no room. It covers the writes that have completed when it is
     * submitted: requests of one ring are not ordered.
     */
    public boolean dataSync(int file, long userData) {
        return prepare(OP_FSYNC, file, 0, 0, 0, FSYNC_DATASYNC, userData);
    }

    /** Prepares giving space back; as {@link PositionalFile#punchHole}. False when there is no room. */
    public boolean punchHole(int file, long offset, long length, long userData) {
        return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length, userData);
    }

    /** Prepares zeroing a range; as {@link PositionalFile#zeroRange}. False when there is no room. */
    public boolean zeroRange(int file, long offset, long length, long userData) {
        return fallocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length, userData);
    }

    /**
     * Prepares the cancelling of the request with user data {@code target}; false when there is no room. Its own
     * completion says 0, -ENOENT (not found) or -EALREADY (too late to stop); the target completes in any case.
     */
    public boolean cancel(long target, long userData) {
        return prepare(OP_ASYNC_CANCEL, -1, 0, target, 0, 0, userData);
    }

    /** Prepares a request that does nothing and completes with 0; false when there is no room. */
    public boolean nop(long userData) {
        return prepare(OP_NOP, -1, 0, 0, 0, 0, userData);
    }

    /** Hands what was prepared to the kernel, without waiting: how many requests it took, or negative errno. */
    public int submit() {
        return enter(0, deferred ? ENTER_GETEVENTS : 0, 0);
    }

    /**
     * Takes back what was prepared and the kernel has not taken: those that were prepared last, which are not reported to
     * anybody. For a kernel that refuses to take more, for lack of memory.
     *
     * @return how many
     */
    public int withdraw() {
        int count = submissions.withdraw();
        unfinished -= count;
        return count;
    }

    /**
     * Hands what was prepared to the kernel and waits until {@code minComplete} completions are there, in one system
     * call.
     *
     * @param minComplete no more than are in flight
     * @param timeoutNanos 0 looks and returns; negative waits without limit
     * @return how many requests the kernel took; the time may be over, a signal may have come: drain and see. Or
     *         negative errno
     */
    public int submitAndWait(int minComplete, long timeoutNanos) {
        long argument = 0;
        if (timeoutNanos >= 0) {
            // struct io_uring_getevents_arg: 0 sigmask, 8 its size, 16 timespec; the timespec behind it at 32
            argument = Syscall.scratch();
            Memory.ALL.set(JAVA_LONG, argument, 0);
            Memory.ALL.set(JAVA_LONG, argument + 8, 0);
            Memory.ALL.set(JAVA_LONG, argument + 16, argument + 32);
            Memory.ALL.set(JAVA_LONG, argument + 32, timeoutNanos / NANOS_PER_SECOND);
            Memory.ALL.set(JAVA_LONG, argument + 40, timeoutNanos % NANOS_PER_SECOND);
        }
        int result = enter(minComplete, argument == 0 ? ENTER_GETEVENTS : ENTER_GETEVENTS | ENTER_EXT_ARG, argument);
        return result == -Errno.ETIME || result == -Errno.EINTR ? 0 : result;
    }

    /**
     * Gives each completion that is there to {@code handler}; how many there were. A system call is made only where the
     * kernel waits for one to write results down ({@link #createForThisThread}).
     */
    public int drain(CompletionHandler handler) {
        if (deferred && submissions.hasDeferred()) {
            Syscall.call(Nr.IO_URING_ENTER, fd.number(), 0, 0, ENTER_GETEVENTS, 0, 0);
        }
        int count = completions.available();
        for (int i = 0; i < count; i++) {
            long userData = completions.userData();
            int result = completions.result();
            completions.advance();
            unfinished--;
            handler.completed(userData, result);
        }
        return count;
    }

    /** Whether completions are there to be drained. Cheap: two loads. */
    public boolean hasCompletions() {
        return completions.available() > 0 || deferred && submissions.hasDeferred();
    }

    /** Has {@code eventFd} signalled with each completion. */
    public void register(int eventFd) throws LinuxException {
        try (Arena scratch = Arena.ofConfined()) {
            long number = scratch.allocateFrom(JAVA_INT, eventFd).address();
            LinuxException.check(Syscall.call(Nr.IO_URING_REGISTER, fd.number(), REGISTER_EVENTFD, number, 1),
                    "register descriptor " + eventFd + " with io_uring");
        }
    }

    /** Ends the signals. */
    public void unregister() throws LinuxException {
        LinuxException.check(Syscall.call(Nr.IO_URING_REGISTER, fd.number(), UNREGISTER_EVENTFD, 0, 0),
                "unregister the eventfd of io_uring");
    }

    /** Whether the registered eventfd is signalled. After switching it on, drain once more before sleeping. */
    public void setNotifications(boolean enabled) {
        completions.setNotifications(enabled);
    }

    /**
     * Drops what was not submitted, cancels what can be cancelled and drains until nothing is in flight. Reads and
     * writes that a disk has begun cannot be cancelled; they are waited for.
     *
     * @param timeoutNanos 0 or more
     * @return false when the time is over and requests, whose buffers must stay, are still in flight
     */
    public boolean finish(long timeoutNanos, CompletionHandler handler) {
        long start = System.nanoTime();
        withdraw();
        drain(handler);
        if (unfinished > 0) {
            cancelAll(timeoutNanos);
        }
        while (unfinished > 0) {
            long left = timeoutNanos - (System.nanoTime() - start);
            int result = submitAndWait(1, Math.max(0, left));
            if (drain(handler) == 0 && (left <= 0 || result < 0)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Ends the ring after {@link #finish} with 10 seconds. A second call does nothing.
     *
     * @throws IllegalStateException when requests are still in flight; the ring stays, call again later
     */
    @Override
    public void close() {
        if (!fd.isOpen()) {
            return;
        }
        if (!finish(CLOSE_TIMEOUT_NANOS, IGNORE)) {
            throw new IllegalStateException(unfinished + " requests are still in flight: expected none, as the kernel"
                    + " still uses their buffers");
        }
        arena.close();
        unmap(ringAddress, layout.ringBytes());
        unmap(sqeAddress, sqeBytes(layout));
        fd.close();
    }

    private boolean fallocate(int file, int mode, long offset, long length, long userData) {
        return prepare(OP_FALLOCATE, file, offset, length, mode, 0, userData);
    }

    private boolean prepare(int opcode, int file, long offset, long address, int length, int flags, long userData) {
        if (unfinished == layout.cqEntries()
                || !submissions.add(opcode, file, offset, address, length, flags, userData)) {
            return false;
        }
        unfinished++;
        return true;
    }

    /** The kernel stops at a request that fails at once, so it may take several calls to hand over all. */
    private int enter(int minComplete, int flags, long argument) {
        submissions.publish();
        int taken = 0;
        int pending = submissions.pending();
        do {
            int result = (int) Syscall.call(Nr.IO_URING_ENTER, fd.number(), pending, minComplete, flags, argument,
                    argument == 0 ? 0 : GETEVENTS_ARG_BYTES);
            if (result < 0) {
                return taken > 0 ? taken : result;
            }
            taken += result;
            pending = submissions.pending();
            if (result == 0) {
                return taken;
            }
        } while (pending > 0);
        return taken;
    }

    /* struct io_uring_sync_cancel_reg: 0 key, 8 fd, 12 flags, 16 timespec. Before Linux 6.0 it is EINVAL: then we wait. */
    private void cancelAll(long timeoutNanos) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment request = scratch.allocate(SYNC_CANCEL_BYTES, Long.BYTES);
            request.set(JAVA_INT, 8, -1);
            request.set(JAVA_INT, 12, CANCEL_ALL_ANY);
            request.set(JAVA_LONG, 16, timeoutNanos / NANOS_PER_SECOND);
            request.set(JAVA_LONG, 24, timeoutNanos % NANOS_PER_SECOND);
            Syscall.call(Nr.IO_URING_REGISTER, fd.number(), REGISTER_SYNC_CANCEL, request.address(), 1);
        }
    }

    private static IoUring map(Fd fd, RingLayout layout, boolean deferred) throws LinuxException {
        if ((layout.features() & REQUIRED_FEATURES) != REQUIRED_FEATURES) {
            throw new LinuxException("set up io_uring", Errno.EOPNOTSUPP, "this kernel has its features 0x"
                    + Integer.toHexString(layout.features()) + ", expected 0x" + Integer.toHexString(REQUIRED_FEATURES)
                    + " (Linux 5.11)");
        }
        long rings = LinuxException.check(map(fd, layout.ringBytes(), OFF_RINGS), "map the rings of io_uring");
        long sqes = map(fd, sqeBytes(layout), OFF_SQES);
        if (sqes < 0) {
            unmap(rings, layout.ringBytes());
            throw new LinuxException("map the requests of io_uring", (int) sqes);
        }
        return new IoUring(fd, layout, deferred, rings, sqes);
    }

    private static long map(Fd fd, long bytes, long offset) {
        return Syscall.call(Nr.MMAP, 0, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd.number(), offset);
    }

    private static void unmap(long address, long bytes) {
        Syscall.call(Nr.MUNMAP, address, bytes);
    }

    private static long sqeBytes(RingLayout layout) {
        return (long) layout.sqEntries() * SubmissionQueue.SQE_BYTES;
    }

    private static String reason(int errno) {
        return switch (-errno) {
            case Errno.ENOSYS -> "this kernel has none";
            case Errno.EPERM -> "it is switched off (sysctl kernel.io_uring_disabled, or a seccomp filter)";
            default -> Errno.text(errno);
        };
    }

    private static final class Availability {
        static final LinuxException CAUSE = findCause();

        private Availability() {
        }

        private static LinuxException findCause() {
            try {
                create(1).close();
                return null;
            } catch (LinuxException e) {
                return e;
            }
        }
    }
}
