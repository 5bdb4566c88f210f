package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A Unix stream socket that listens at a path. Any thread; {@link #close()} does not wake a thread that waits in
 * {@link #accept(long)}.
 *
 * <p>Its file is created with its final mode at most, never wider for a moment. A socket file that nobody listens at is
 * replaced, one with a listener and anything that is not a socket are left alone. Those of us who bind in one directory
 * at the same time take turns by a lock on that directory, so that none removes what another has just bound.
 */
public final class UnixListener implements AutoCloseable {
    /** Only the owner may connect. */
    public static final int OWNER_ONLY = 0600;
    /** As owner or group: leave as it is. */
    public static final int UNCHANGED = -1;

    private static final int BACKLOG = 16;
    private static final int PERMISSION_BITS = 0777;
    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;

    private final Fd fd;
    private final Path path;
    private final FileStatus file;

    private UnixListener(Fd fd, Path path, FileStatus file) {
        this.fd = fd;
        this.path = path;
        this.file = file;
    }

    /** Listens at {@code path}; only the owner of this process may connect. */
    public static UnixListener bind(Path path) throws LinuxException {
        return bind(path, OWNER_ONLY, UNCHANGED, UNCHANGED);
    }

    /**
     * Listens at {@code path}.
     *
     * @param path up to 107 bytes in UTF-8; its directory exists
     * @param mode permission bits of the socket file, whatever the umask; write permission is what lets connect
     * @param uid owner of the file, or {@link #UNCHANGED}
     * @param gid group of the file, or {@link #UNCHANGED}
     * @throws SocketInUseException when somebody listens there
     * @throws LinuxException EEXIST when something there is not a socket, ENAMETOOLONG, EACCES, ENOENT, ...
     */
    public static UnixListener bind(Path path, int mode, int uid, int gid) throws LinuxException {
        if ((mode & ~PERMISSION_BITS) != 0) {
            throw new IllegalArgumentException("Mode 0" + Integer.toOctalString(mode) + ": expected 0 to 0777");
        }
        Fd socket = UnixAddress.newSocket();
        try (Arena arena = Arena.ofConfined()) {
            UnixAddress address = UnixAddress.of(path, arena);
            // The mode of an unbound socket, less the umask, is what bind(2) gives the file.
            LinuxException.check(Syscall.call(Nr.FCHMOD, socket.number(), mode), "set the mode of " + path);
            DirectoryLock turn = DirectoryLock.ofParent(path);
            try {
                bindOrReplaceStale(socket, address, path);
                FileStatus file = FileStatus.ofPath(path.toString());
                return listen(socket, path, file, mode, uid, gid);
            } finally {
                turn.close();
            }
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Takes over a socket that listens, of another process: from now on its file is this one's to remove.
     *
     * @param fd   taken over if the call returns
     * @param path where it listens
     * @throws LinuxException ENOENT when nothing is there any more
     */
    public static UnixListener adopt(Fd fd, Path path) throws LinuxException {
        return new UnixListener(fd, path, FileStatus.ofPath(path.toString()));
    }

    /** A connection that is waiting, if any. */
    public Optional<UnixStream> accept() throws LinuxException {
        int flags = UnixAddress.SOCK_CLOEXEC | UnixAddress.SOCK_NONBLOCK;
        long number = Syscall.retry(Nr.ACCEPT4, fd.number(), 0, 0, flags);
        if (number == -Errno.EAGAIN || number == -Errno.ECONNABORTED) {
            return Optional.empty();
        }
        return Optional.of(UnixStream.adopt(Fd.own((int) LinuxException.check(number, "accept at " + path))));
    }

    /** Waits for a connection; empty when the time is over. A negative timeout waits without limit. */
    public Optional<UnixStream> accept(long timeoutNanos) throws LinuxException {
        int ready = Poll.await(fd.number(), Poll.POLLIN, timeoutNanos);
        LinuxException.check(ready == -Errno.EINTR ? 0 : ready, "wait for a connection at " + path);
        return accept();
    }

    /** The listening socket, non-blocking: readable when a connection is waiting. */
    public Fd fd() {
        return fd;
    }

    /** Where it listens, or listened. */
    public Path path() {
        return path;
    }

    /** Stops listening and removes the socket's file, if it is still this socket's. A second call does nothing. */
    @Override
    public void close() {
        if (fd.isOpen()) {
            fd.close();
            unlinkOwn(path, file);
        }
    }

    private static UnixListener listen(Fd socket, Path path, FileStatus file, int mode, int uid, int gid)
            throws LinuxException {
        try {
            setOwner(path, uid, gid);
            setMode(path, mode); // gives back what the umask took, and what a change of owner took
            LinuxException.check(Syscall.call(Nr.LISTEN, socket.number(), BACKLOG), "listen at " + path);
            return new UnixListener(socket, path, file);
        } catch (LinuxException e) {
            unlinkOwn(path, file);
            throw e;
        }
    }

    private static void bindOrReplaceStale(Fd socket, UnixAddress address, Path path) throws LinuxException {
        long result = bind(socket, address);
        if (result == -Errno.EADDRINUSE) {
            removeStale(address, path);
            result = bind(socket, address);
        }
        LinuxException.check(result, "bind a socket to " + path);
    }

    private static long bind(Fd socket, UnixAddress address) {
        return Syscall.call(Nr.BIND, socket.number(), address.memory().address(), address.length());
    }

    private static void removeStale(UnixAddress address, Path path) throws LinuxException {
        if (!FileStatus.ofPath(path.toString()).isSocket()) {
            throw new LinuxException("listen at " + path, Errno.EEXIST, "a file that is not a socket is there");
        }
        try (Fd probe = UnixAddress.newSocket()) {
            int answer = address.connect(probe);
            if (answer == 0 || answer == -Errno.EAGAIN || answer == -Errno.EPROTOTYPE) {
                throw new SocketInUseException(path); // connected; backlog full; listens for another socket type
            }
            if (answer != -Errno.ECONNREFUSED) {
                throw new LinuxException("find out who listens at " + path, answer);
            }
        }
        unlink(path);
    }

    private static void setOwner(Path path, int uid, int gid) throws LinuxException {
        if (uid == UNCHANGED && gid == UNCHANGED) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            LinuxException.check(Syscall.call(Nr.FCHOWNAT, AT_FDCWD, name(path, arena).address(), uid, gid,
                    AT_SYMLINK_NOFOLLOW, 0), "give " + path + " to user " + uid + " and group " + gid);
        }
    }

    private static void setMode(Path path, int mode) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            LinuxException.check(Syscall.call(Nr.FCHMODAT, AT_FDCWD, name(path, arena).address(), mode),
                    "set the mode of " + path);
        }
    }

    private static void unlinkOwn(Path path, FileStatus file) {
        try {
            if (FileStatus.ofPath(path.toString()).isSameFileAs(file)) {
                unlink(path);
            }
        } catch (LinuxException alreadyGone) {
            // what is not there need not be removed
        }
    }

    private static void unlink(Path path) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            LinuxException.check(Syscall.call(Nr.UNLINKAT, AT_FDCWD, name(path, arena).address(), 0),
                    "remove " + path);
        }
    }

    private static MemorySegment name(Path path, Arena arena) {
        return arena.allocateFrom(path.toString(), StandardCharsets.UTF_8);
    }
}
