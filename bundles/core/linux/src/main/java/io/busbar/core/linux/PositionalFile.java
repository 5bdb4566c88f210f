package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A regular file or block device that is read and written at offsets. Any number of threads may do so at once. Methods
 * that return a number return a negative errno on failure, never throw for it and allocate nothing; they wait for the
 * disk. A signal ends the plain reads and writes early (-EINTR); all others go on after it. Whoever closes makes sure
 * first that nobody is inside one of them.
 *
 * <p>Offsets and lengths are bytes. Linux does up to 2 GiB - 4096 bytes per call, and can do less than asked for: at the
 * end of the file, when space runs out, after a signal.
 */
public final class PositionalFile implements AutoCloseable {
    /** Do not wait: -EAGAIN if the request would. */
    public static final int RWF_NOWAIT = 0x8;
    /** This write is durable when it returns. */
    public static final int RWF_DSYNC = 0x2;
    /** Poll for completion (O_DIRECT). */
    public static final int RWF_HIPRI = 0x1;

    private static final int OWNER_ONLY = 0600;
    private static final int AT_FDCWD = -100;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_NOCTTY = 0x100;
    private static final int O_NONBLOCK = 0x800;

    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_OFD_SETLK = 37;
    private static final int F_RDLCK = 0;
    private static final int F_WRLCK = 1;
    private static final int F_UNLCK = 2;
    private static final int FLOCK_BYTES = 32;

    private static final int FALLOC_FL_KEEP_SIZE = 0x1;
    private static final int FALLOC_FL_PUNCH_HOLE = 0x2;
    private static final int FALLOC_FL_ZERO_RANGE = 0x10;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private static final DirectAlignment COMMON_ALIGNMENT = new DirectAlignment(4096, 4096);

    private final Fd fd;
    private final String name;

    private PositionalFile(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /** Opens a file; one that is created belongs to its owner only (mode 0600). */
    public static PositionalFile open(Path path, OpenFlag... flags) throws LinuxException {
        return open(path, OWNER_ONLY, flags);
    }

    /**
     * Opens a file, close-on-exec.
     *
     * @param mode permission bits of a file that is created, less the umask
     * @throws LinuxException EINVAL when it is neither a regular file nor a block device (a FIFO is not waited for), or
     *         O_DIRECT is not to be had; ENOENT, EACCES, EROFS, ELOOP, EEXIST, ...
     */
    public static PositionalFile open(Path path, int mode, OpenFlag... flags) throws LinuxException {
        // O_NONBLOCK so that a FIFO does not hold us up; it is taken away below, as it has a meaning for io_uring.
        int bits = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        for (OpenFlag flag : flags) {
            bits |= flag.value();
        }
        Fd fd = open(path, bits, mode);
        try {
            requireFile(fd, "open " + path);
            return new PositionalFile(fd, path.toString());
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /** Takes over an open file: a memory file, or one that was passed to us. On an error the caller still owns it. */
    public static PositionalFile adopt(Fd fd) throws LinuxException {
        requireKind(fd, "use " + fd + " as a file");
        return new PositionalFile(fd, fd.toString());
    }

    /** Reads into {@code length} bytes at {@code address}; bytes read, 0 at the end of the file, or negative errno. */
    public long read(long address, long length, long offset) {
        return Syscall.call(Nr.PREAD64, fd.number(), address, length, offset);
    }

    /** Writes {@code length} bytes at {@code address}; bytes written, or negative errno. */
    public long write(long address, long length, long offset) {
        return Syscall.call(Nr.PWRITE64, fd.number(), address, length, offset);
    }

    /** Reads into the buffers in turn; as {@link #read}. */
    public long readv(Iovecs buffers, long offset) {
        return vectored(Nr.PREADV, buffers, offset, 0);
    }

    /** Writes the buffers in turn; as {@link #write}. */
    public long writev(Iovecs buffers, long offset) {
        return vectored(Nr.PWRITEV, buffers, offset, 0);
    }

    /** Reads with flags ({@link #RWF_NOWAIT}, {@link #RWF_HIPRI}); -EOPNOTSUPP where the file system has them not. */
    public long readv(Iovecs buffers, long offset, int flags) {
        return vectored(Nr.PREADV2, buffers, offset, flags);
    }

    /** Writes with flags ({@link #RWF_DSYNC}, {@link #RWF_NOWAIT}, {@link #RWF_HIPRI}). */
    public long writev(Iovecs buffers, long offset, int flags) {
        return vectored(Nr.PWRITEV2, buffers, offset, flags);
    }

    /** Reads until {@code length} bytes are there or the file ends: bytes read, or negative errno. */
    public long readFully(long address, long length, long offset) {
        long done = 0;
        while (done < length) {
            long count = read(address + done, length - done, offset + done);
            if (count == 0) {
                return done;
            }
            if (count > 0) {
                done += count;
            } else if (count != -Errno.EINTR) {
                return count;
            }
        }
        return done;
    }

    /** Writes all {@code length} bytes: {@code length}, or negative errno, then a part may have been written. */
    public long writeFully(long address, long length, long offset) {
        long done = 0;
        while (done < length) {
            long count = write(address + done, length - done, offset + done);
            if (count == 0) {
                return -Errno.EIO;
            }
            if (count > 0) {
                done += count;
            } else if (count != -Errno.EINTR) {
                return count;
            }
        }
        return done;
    }

    /** Makes what was written durable, and the size with it (fdatasync): 0 or negative errno. */
    public int dataSync() {
        return (int) Syscall.retry(Nr.FDATASYNC, fd.number(), 0, 0, 0);
    }

    /** Reserves space, and grows the file to cover it: 0 or negative errno. */
    public int allocate(long offset, long length) {
        return fallocate(0, offset, length);
    }

    /** Gives space back; the range reads as zeroes, the size stays. 0, or -EOPNOTSUPP or other negative errno. */
    public int punchHole(long offset, long length) {
        return fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /** Zeroes a range and keeps it allocated; the size stays. 0, or -EOPNOTSUPP or other negative errno. */
    public int zeroRange(long offset, long length) {
        return fallocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /** Sets the size (ftruncate): 0 or negative errno. */
    public int truncate(long size) {
        return (int) Syscall.retry(Nr.FTRUNCATE, fd.number(), size, 0, 0);
    }

    /** Where data is, at {@code offset} or behind; -ENXIO when there is none up to the end. */
    public long nextData(long offset) {
        return Syscall.call(Nr.LSEEK, fd.number(), offset, SEEK_DATA);
    }

    /** Where a hole is, at {@code offset} or behind; the end of the file counts as one. -ENXIO behind the end. */
    public long nextHole(long offset) {
        return Syscall.call(Nr.LSEEK, fd.number(), offset, SEEK_HOLE);
    }

    /** Size in bytes, of a block device too. */
    public long size() throws LinuxException {
        return fd.size();
    }

    /** REGULAR or BLOCK. */
    public FdKind kind() throws LinuxException {
        return fd.kind();
    }

    /**
     * What O_DIRECT wants, as the kernel says it (STATX_DIOALIGN, Linux 6.1), else 4096 for both, which serves every
     * disk with sectors up to that. Empty when the file cannot do O_DIRECT.
     */
    public Optional<DirectAlignment> directAlignment() throws LinuxException {
        FileStatus status = FileStatus.of(fd.number());
        if (!status.directIoKnown()) {
            return Optional.of(COMMON_ALIGNMENT);
        }
        return status.directIoMemoryAlignment() == 0 ? Optional.empty() : Optional.of(
                new DirectAlignment(status.directIoMemoryAlignment(), status.directIoOffsetAlignment()));
    }

    /**
     * Locks the whole file against all others that lock it, in this process too (an open file description lock). It
     * goes with the last descriptor of this open file.
     *
     * @param exclusive for one writer; needs READ_WRITE. Otherwise shared with other readers
     * @throws FileLockedException when somebody else's lock is in the way; says who where it can
     */
    public void lock(boolean exclusive) throws LinuxException {
        String what = "lock " + name;
        long result = setLock(exclusive ? F_WRLCK : F_RDLCK);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            throw new FileLockedException(what, LockHolder.of(FileStatus.of(fd.number())).orElse(null));
        }
        LinuxException.check(result, what);
    }

    /** Gives the lock back. */
    public void unlock() throws LinuxException {
        LinuxException.check(setLock(F_UNLCK), "unlock " + name);
    }

    /** The descriptor; it stays owned by this object. */
    public Fd fd() {
        return fd;
    }

    /** Closes the file. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return name;
    }

    private long vectored(int number, Iovecs buffers, long offset, int flags) {
        if (offset < 0) {
            return -Errno.EINVAL; // preadv2 takes -1 for the current position
        }
        long result = Syscall.call(number, fd.number(), buffers.address(), buffers.count(), offset, 0, flags);
        Reference.reachabilityFence(buffers);
        return result;
    }

    private int fallocate(int mode, long offset, long length) {
        return (int) Syscall.retry(Nr.FALLOCATE, fd.number(), mode, offset, length);
    }

    /* struct flock: 0 type (16 bits), 2 whence (16 bits), 8 start, 16 length (0: to the end), 24 pid (must be 0). */
    private long setLock(int type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
            flock.set(JAVA_SHORT, 0, (short) type);
            flock.set(JAVA_LONG, 16, 0);
            return Syscall.retry(Nr.FCNTL, fd.number(), F_OFD_SETLK, flock.address(), 0);
        }
    }

    private static Fd open(Path path, int bits, int mode) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(path.toString(), StandardCharsets.UTF_8).address();
            return Fd.own((int) LinuxException.check(Syscall.retry(Nr.OPENAT, AT_FDCWD, address, bits, mode),
                    "open " + path));
        }
    }

    private static void requireFile(Fd fd, String what) throws LinuxException {
        requireKind(fd, what);
        long flags = LinuxException.check(Syscall.call(Nr.FCNTL, fd.number(), F_GETFL, 0), what);
        LinuxException.check(Syscall.call(Nr.FCNTL, fd.number(), F_SETFL, flags & ~O_NONBLOCK), what);
    }

    private static void requireKind(Fd fd, String what) throws LinuxException {
        FdKind kind = fd.kind();
        if (kind != FdKind.REGULAR && kind != FdKind.BLOCK) {
            throw new LinuxException(what, Errno.EINVAL,
                    "it is " + kind + ", expected a regular file or a block device");
        }
    }
}
