package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * What statx(2) says about a file.
 *
 * @param mode                    type and permission bits (inode(7)), 16 bits
 * @param size                    bytes; of a block device 0
 * @param inode                   number in its file system
 * @param deviceMajor             major number of the device with that file system
 * @param deviceMinor             its minor number
 * @param directIoKnown           whether the kernel (6.1 and later) says what O_DIRECT wants
 * @param directIoMemoryAlignment bytes to which buffers have to be aligned; 0 if O_DIRECT is not supported
 * @param directIoOffsetAlignment bytes to which offsets and lengths have to be aligned; 0 if it is not
 */
record FileStatus(int mode, long size, long inode, int deviceMajor, int deviceMinor,
        boolean directIoKnown, int directIoMemoryAlignment, int directIoOffsetAlignment) {
    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final int STATX_DIOALIGN = 0x2000;
    private static final int BYTES = 256;

    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFBLK = 0060000;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFCHR = 0020000;
    private static final int S_IFIFO = 0010000;

    static FileStatus of(int fd) throws LinuxException {
        return query(fd, "", AT_EMPTY_PATH, "fstat of descriptor " + fd);
    }

    static FileStatus ofPath(String path) throws LinuxException {
        return query(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, "stat " + path);
    }

    boolean isSocket() {
        return type() == S_IFSOCK;
    }

    boolean isSameFileAs(FileStatus other) {
        return inode == other.inode && deviceMajor == other.deviceMajor && deviceMinor == other.deviceMinor;
    }

    /** The kind as far as the mode tells it: anonymous inodes have no type and are OTHER. */
    FdKind kind() {
        return switch (type()) {
            case S_IFREG -> FdKind.REGULAR;
            case S_IFDIR -> FdKind.DIRECTORY;
            case S_IFSOCK -> FdKind.SOCKET;
            case S_IFIFO -> FdKind.PIPE;
            case S_IFCHR -> FdKind.CHARACTER;
            case S_IFBLK -> FdKind.BLOCK;
            default -> FdKind.OTHER;
        };
    }

    private int type() {
        return mode & S_IFMT;
    }

    private static FileStatus query(int directory, String path, int flags, String what) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(BYTES, Long.BYTES);
            MemorySegment name = arena.allocateFrom(path, StandardCharsets.UTF_8);
            LinuxException.check(Syscall.retry(Nr.STATX, directory, name.address(), flags,
                    STATX_BASIC_STATS | STATX_DIOALIGN, status.address(), 0), what);
            return read(status);
        }
    }

    /* struct statx: 0 mask, 28 mode (16 bits), 32 ino, 40 size, 136 dev_major, 140 dev_minor, 152 and 156 dio. */
    private static FileStatus read(MemorySegment status) {
        return new FileStatus(Short.toUnsignedInt(status.get(JAVA_SHORT, 28)), status.get(JAVA_LONG, 40),
                status.get(JAVA_LONG, 32), status.get(JAVA_INT, 136), status.get(JAVA_INT, 140),
                (status.get(JAVA_INT, 0) & STATX_DIOALIGN) != 0, status.get(JAVA_INT, 152), status.get(JAVA_INT, 156));
    }
}
