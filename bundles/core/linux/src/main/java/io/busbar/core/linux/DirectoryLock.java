package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * The turn of one process among those that change the same directory (flock of the directory). It is a courtesy: a
 * stranger who holds the lock can delay us for a while, not stop us, and a directory that we cannot read is not locked.
 */
final class DirectoryLock implements AutoCloseable {
    private static final int AT_FDCWD = -100;
    private static final int O_DIRECTORY = NativeAccess.X86_64 ? 0x10000 : 0x4000;
    private static final int O_CLOEXEC = 0x80000;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int MOST_ATTEMPTS = 200;
    private static final long PAUSE_NANOS = 5_000_000;

    private final long fd;

    private DirectoryLock(long fd) {
        this.fd = fd;
    }

    static DirectoryLock ofParent(Path path) {
        Path parent = path.toAbsolutePath().getParent();
        DirectoryLock lock = new DirectoryLock(open(parent == null ? path : parent));
        lock.acquire();
        return lock;
    }

    private static long open(Path directory) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(directory.toString(), StandardCharsets.UTF_8).address();
            return Syscall.call(Nr.OPENAT, AT_FDCWD, name, O_DIRECTORY | O_CLOEXEC, 0);
        }
    }

    private void acquire() {
        int attempts = 0;
        while (attempts < MOST_ATTEMPTS && Syscall.call(Nr.FLOCK, fd, LOCK_EX | LOCK_NB) == -Errno.EAGAIN) {
            attempts++;
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Syscall.call(Nr.CLOSE, fd);
        }
    }
}
