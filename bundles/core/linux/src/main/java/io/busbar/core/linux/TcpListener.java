package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A TCP socket that listens on the loopback address 127.0.0.1: reachable by every user of this machine, and by nobody else.
 * Any thread.
 */
public final class TcpListener implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int BACKLOG = 16;
    private static final int MAX_PORT = 65_535;
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final ValueLayout.OfShort BIG_ENDIAN = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /* struct sockaddr_in {u16 family; be16 port; u8 address[4]; u8 zero[8]} */
    private static final int PORT = 2;
    private static final int ADDRESS = 4;
    private static final int SOCKADDR_BYTES = 16;

    private final Fd fd;
    private final int port;

    private TcpListener(Fd fd, int port) {
        this.fd = fd;
        this.port = port;
    }

    /**
     * Listens.
     *
     * @param port 1 to 65535, or 0 for one that is free
     * @throws LinuxException EADDRINUSE when somebody listens there, EACCES for a port that needs more rights
     */
    public static TcpListener bind(int port) throws LinuxException {
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException("Port " + port + ": expected 0 to " + MAX_PORT);
        }
        long number = Syscall.call(Nr.SOCKET, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        Fd socket = Fd.own((int) LinuxException.check(number, "make a socket"));
        try (Arena arena = Arena.ofConfined()) {
            setOption(socket.number(), SOL_SOCKET, SO_REUSEADDR);
            MemorySegment address = arena.allocate(SOCKADDR_BYTES, Long.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_INET);
            address.set(BIG_ENDIAN, PORT, (short) port);
            MemorySegment.copy(LOOPBACK, 0, address, JAVA_BYTE, ADDRESS, LOOPBACK.length);
            LinuxException.check(Syscall.call(Nr.BIND, socket.number(), address.address(), SOCKADDR_BYTES),
                    "bind a socket to port " + port);
            LinuxException.check(Syscall.call(Nr.LISTEN, socket.number(), BACKLOG), "listen at port " + port);
            return new TcpListener(socket, boundPort(socket, address, arena));
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Takes over a socket that listens, of another process.
     *
     * @param fd taken over if the call returns
     * @throws LinuxException ENOTSOCK when it is none
     */
    public static TcpListener adopt(Fd fd) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            return new TcpListener(fd, boundPort(fd, arena.allocate(SOCKADDR_BYTES, Long.BYTES), arena));
        }
    }

    private static int boundPort(Fd socket, MemorySegment address, Arena arena) throws LinuxException {
        MemorySegment length = arena.allocateFrom(JAVA_INT, SOCKADDR_BYTES);
        LinuxException.check(
                Syscall.call(Nr.GETSOCKNAME, socket.number(), address.address(), length.address()), "ask for the port");
        return Short.toUnsignedInt(address.get(BIG_ENDIAN, PORT));
    }

    private static void setOption(int fd, int level, int option) throws LinuxException {
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_INT, scratch, 1);
        LinuxException.check(
                Syscall.call(Nr.SETSOCKOPT, fd, level, option, scratch, Integer.BYTES, 0), "set an option of a socket");
    }

    /** A connection that is waiting, if any: non-blocking, close-on-exec, what is written is sent at once. */
    public Optional<Fd> accept() throws LinuxException {
        long number = Syscall.retry(Nr.ACCEPT4, fd.number(), 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (number == -Errno.EAGAIN || number == -Errno.ECONNABORTED) {
            return Optional.empty();
        }
        Fd accepted = Fd.own((int) LinuxException.check(number, "accept at port " + port));
        try {
            setOption(accepted.number(), IPPROTO_TCP, TCP_NODELAY);
        } catch (LinuxException e) {
            accepted.close();
            throw e;
        }
        return Optional.of(accepted);
    }

    /** The listening socket, non-blocking: readable when a connection is waiting. */
    public Fd fd() {
        return fd;
    }

    /** The port that it listens at. */
    public int port() {
        return port;
    }

    /** Stops listening. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
