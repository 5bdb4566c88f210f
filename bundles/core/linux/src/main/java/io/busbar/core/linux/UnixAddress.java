package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The address of a Unix socket in the file system: struct sockaddr_un, 2 bytes family and 108 bytes path with NUL
 * (unix(7)).
 *
 * @param memory the struct
 * @param length bytes of it that are used, the NUL with them
 */
record UnixAddress(MemorySegment memory, int length) {
    static final int AF_UNIX = 1;
    static final int SOCK_STREAM = 1;
    static final int SOCK_NONBLOCK = 0x800;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int MAX_PATH_BYTES = 107;

    private static final int PATH = 2;
    private static final int BYTES = PATH + MAX_PATH_BYTES + 1;

    static UnixAddress of(Path path, Arena arena) throws LinuxException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length == 0 || name.length > MAX_PATH_BYTES) {
            throw new LinuxException("use socket path " + path, Errno.ENAMETOOLONG, "it has " + name.length
                    + " bytes, expected 1 to " + MAX_PATH_BYTES);
        }
        MemorySegment memory = arena.allocate(BYTES, Short.BYTES);
        memory.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(name, 0, memory, JAVA_BYTE, PATH, name.length);
        return new UnixAddress(memory, PATH + name.length + 1);
    }

    static Fd newSocket() throws LinuxException {
        return Fd.own((int) LinuxException.check(
                Syscall.call(Nr.SOCKET, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "create a socket"));
    }

    /** One attempt to connect: 0 or negative errno; -EAGAIN when the listener's backlog is full. */
    int connect(Fd socket) {
        return (int) Syscall.retry(Nr.CONNECT, socket.number(), memory.address(), length, 0);
    }
}
