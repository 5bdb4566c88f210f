package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The one owner of a descriptor. Any thread may use and close it.
 *
 * <p><b>Assumptions.</b> A number that was read before {@link #close()} must not be used after it: the kernel gives
 * the number to the next file that is opened, and a late write would go there. Either the owner closes only after the
 * users have stopped, or users bracket their calls with {@link #retain()} and {@link #release()}.
 *
 * <p><b>Guarantees.</b> The descriptor is closed exactly once, by the last of {@code close()} and the releases of
 * those that retained it before.
 *
 * <p><b>Progress.</b> No method waits for another thread.
 */
public final class Fd implements AutoCloseable {
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final long BLKGETSIZE64 = 0x80081272L;
    private static final int CLOSED = 1 << 31;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Fd.class, "state", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final int number;
    /** Bit 31: closed. Bits 0 to 30: how many have retained it. */
    @SuppressWarnings("unused") // through STATE
    private volatile int state;

    private Fd(int number) {
        this.number = number;
    }

    /**
     * Takes over a descriptor: from now on nobody else closes it.
     *
     * @param number 0 or more
     */
    public static Fd own(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("Descriptor " + number + ": expected 0 or more");
        }
        return new Fd(number);
    }

    /** The descriptor's number, or -1 when closed: a system call with it then says EBADF. */
    public int number() {
        return isOpen() ? number : -1;
    }

    /** Whether {@link #close()} has not been called yet. */
    public boolean isOpen() {
        return state >= 0;
    }

    /**
     * Tells whether both are descriptors of one file, however each was opened.
     *
     * @param other an open descriptor
     * @throws LinuxException if one is closed
     */
    public boolean isSameFileAs(Fd other) throws LinuxException {
        return FileStatus.of(number()).isSameFileAs(FileStatus.of(other.number()));
    }

    /**
     * Keeps the descriptor from being closed until {@link #release()}; allocates nothing.
     *
     * @return false if it is closed already: then do not use it and do not release it
     */
    public boolean retain() {
        int now;
        do {
            now = state;
            if (now < 0) {
                return false;
            }
        } while (!STATE.compareAndSet(this, now, now + 1));
        return true;
    }

    /** Ends one {@link #retain()} that returned true. */
    public void release() {
        if ((int) STATE.getAndAdd(this, -1) == (CLOSED | 1)) {
            closeNumber();
        }
    }

    /** Closes the descriptor, or leaves that to the last one that retains it. A second call does nothing. */
    @Override
    public void close() {
        if ((int) STATE.getAndBitwiseOr(this, CLOSED) == 0) {
            closeNumber();
        }
    }

    /** A second descriptor of the same open file (close-on-exec), with an owner of its own. */
    public Fd duplicate() throws LinuxException {
        return duplicateOf(number());
    }

    /**
     * A second descriptor of an open file that somebody else owns (close-on-exec).
     *
     * @throws LinuxException EBADF, EMFILE
     */
    public static Fd duplicateOf(int number) throws LinuxException {
        return own((int) LinuxException.check(Syscall.call(Nr.FCNTL, number, F_DUPFD_CLOEXEC, 0),
                "duplicate descriptor " + number));
    }

    /** What the descriptor refers to. Not for hot paths: ask once and keep the answer. */
    public FdKind kind() throws LinuxException {
        return kind(number());
    }

    static FdKind kind(int fd) throws LinuxException {
        FdKind kind = FileStatus.of(fd).kind();
        return kind == FdKind.OTHER && anonymousName(fd).equals("anon_inode:[eventfd]") ? FdKind.EVENTFD : kind;
    }

    /** Size in bytes of a regular file or block device; 0 for what has no size. */
    public long size() throws LinuxException {
        return size(number());
    }

    static long size(int fd) throws LinuxException {
        FileStatus status = FileStatus.of(fd);
        if (status.kind() != FdKind.BLOCK) {
            return status.size();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            LinuxException.check(Syscall.call(Nr.IOCTL, fd, BLKGETSIZE64, bytes.address()),
                    "size of the block device at descriptor " + fd);
            return bytes.get(JAVA_LONG, 0);
        }
    }

    @Override
    public String toString() {
        return isOpen() ? "descriptor " + number : "closed descriptor";
    }

    private static String anonymousName(int fd) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
        } catch (IOException noProc) {
            return "";
        }
    }

    /** The number is free whatever close(2) says; delayed write errors are fdatasync's to report. */
    private void closeNumber() {
        Syscall.call(Nr.CLOSE, number);
    }
}
