package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Mapped memory and the right to use it. Control path: mapping costs microseconds, closing a handshake with every
 * thread of the JVM. Any thread may close.
 *
 * <p>Access through {@link #segment()} is safe at any time: after {@link #close()} it throws IllegalStateException.
 * Access by {@link #address()} through {@link Memory#ALL} is not: who does that stops before this is closed. System
 * calls that are given an address get EFAULT after {@link #revoke()}; after {@link #close()} the address range may
 * belong to somebody else.
 *
 * <p>A file that shrinks under its mapping: see {@code InternalError} in the package's rules for shared memory. Plain
 * reads and writes, acquire loads, copy and fill throw it and survive; compare-and-set and 16-bit release stores do not.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_NONE = 0;
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int NO_FD = -1;

    private static final int STATFS_BYTES = 120;
    private static final long HUGETLBFS_MAGIC = 0x958458f6L;

    /** What mmap gave: whole pages around the wanted range. */
    private final long base;
    private final long mappedBytes;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private boolean mapped = true;

    private Mapping(long base, long mappedBytes, long skip, long length, boolean writable) {
        this.base = base;
        this.mappedBytes = mappedBytes;
        MemorySegment view = Memory.view(base + skip, length, arena);
        this.segment = writable ? view : view.asReadOnly();
    }

    /**
     * Maps {@code length} bytes of a file at {@code offset}, shared with everybody who maps it. The offset need not be
     * aligned; files with huge pages (hugetlbfs) are mapped in their own page size. The descriptor can be closed
     * afterwards.
     *
     * @param fd regular file, memory file or block device
     * @param offset bytes, 0 or more
     * @param length bytes, 1 or more
     * @param writable whether the mapping can be written to
     * @throws LinuxException EINVAL when it is another kind of descriptor, or the file ends before
     *         {@code offset + length}; EACCES when the descriptor is not open for this; ENOMEM
     */
    public static Mapping map(int fd, long offset, long length, boolean writable) throws LinuxException {
        String what = "map " + length + " bytes at offset " + offset + " of descriptor " + fd;
        requireRange(offset, length, what);
        requireFile(fd, offset + length, what);
        long granule = granule(fd, what);
        long start = offset & -granule;
        long skip = offset - start;
        long bytes = Memory.roundUp(skip + length, granule);
        if (bytes < 0) {
            throw new LinuxException(what, Errno.EOVERFLOW);
        }
        int protection = PROT_READ | (writable ? PROT_WRITE : 0);
        long base = LinuxException.check(Syscall.call(Nr.MMAP, 0, bytes, protection, MAP_SHARED, fd, start), what);
        return new Mapping(base, bytes, skip, length, writable);
    }

    /** Zeroed private memory in whole pages, not backed by a file; {@code length} is 1 or more bytes. */
    public static Mapping anonymous(long length) throws LinuxException {
        String what = "map " + length + " bytes of anonymous memory";
        requireRange(0, length, what);
        long bytes = Memory.roundUp(length, Memory.PAGE_SIZE);
        long base = LinuxException.check(Syscall.call(Nr.MMAP, 0, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, NO_FD, 0), what);
        return new Mapping(base, bytes, 0, length, true);
    }

    /** The memory, exactly as long as was asked for; read-only if the mapping is. */
    public MemorySegment segment() {
        return segment;
    }

    /** Address of the first byte of {@link #segment()}. */
    public long address() {
        return segment.address();
    }

    /** Bytes that were asked for. */
    public long length() {
        return segment.byteSize();
    }

    /**
     * Takes the memory away and keeps its address range reserved: {@link #segment()} throws IllegalStateException from
     * now on, a late system call gets EFAULT and cannot hit what somebody maps later. Who reads by address through
     * {@link Memory#ALL} must have stopped. Ends with {@link #close()}. A second call does nothing.
     *
     * @throws IllegalStateException while a native call is using the segment; nothing has changed then
     */
    public synchronized void revoke() throws LinuxException {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
        LinuxException.check(Syscall.call(Nr.MMAP, base, mappedBytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, NO_FD, 0),
                "revoke the mapping at 0x" + Long.toHexString(base));
    }

    /**
     * Takes what is behind the mapping away and leaves the mapping: every access from now on, by {@link #segment()} or by
     * address, is that to a file which was cut to nothing, an {@code InternalError} in whoever makes it, and no byte is read or
     * written. For memory of others that is lent to code which may be in the middle of it.
     */
    public synchronized void cutOff() throws LinuxException {
        if (!mapped) {
            return;
        }
        try (Fd nothing = MemFd.create("cut off", 0, false)) {
            LinuxException.check(Syscall.call(Nr.MMAP, base, mappedBytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED, nothing.number(), 0), "cut off the mapping at 0x" + Long.toHexString(base));
        }
    }

    /**
     * Unmaps. A second call does nothing.
     *
     * @throws IllegalStateException while a native call is using the segment; it stays mapped then
     */
    @Override
    public synchronized void close() {
        if (!mapped) {
            return;
        }
        if (arena.scope().isAlive()) {
            arena.close();
        }
        mapped = false;
        Syscall.call(Nr.MUNMAP, base, mappedBytes);
    }

    private static void requireRange(long offset, long length, String what) throws LinuxException {
        if (offset < 0 || length <= 0 || offset + length < 0) {
            throw new LinuxException(what, Errno.EINVAL, "expected an offset of 0 or more, a length of 1 or more,"
                    + " and a sum below 2^63");
        }
    }

    private static void requireFile(int fd, long end, String what) throws LinuxException {
        FdKind kind = Fd.kind(fd);
        if (kind != FdKind.REGULAR && kind != FdKind.BLOCK) {
            throw new LinuxException(what, Errno.EINVAL, "it is " + kind + ", expected a file that can be mapped");
        }
        long size = Fd.size(fd);
        if (size < end) {
            throw new LinuxException(what, Errno.EINVAL, "the file has only " + size + " bytes");
        }
    }

    /** What offset and length of a mapping must be multiples of: the page, or the huge page of a hugetlb file. */
    private static long granule(int fd, String what) throws LinuxException {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment statfs = scratch.allocate(STATFS_BYTES, Long.BYTES); // 0 f_type, 8 f_bsize
            LinuxException.check(Syscall.call(Nr.FSTATFS, fd, statfs.address()), what);
            return statfs.get(JAVA_LONG, 0) == HUGETLBFS_MAGIC ? statfs.get(JAVA_LONG, 8) : Memory.PAGE_SIZE;
        }
    }
}
