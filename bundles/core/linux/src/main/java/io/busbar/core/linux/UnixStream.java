package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * One connected Unix stream socket that carries bytes and descriptors. One thread at a time may send and one may
 * receive; {@link #shutdown()} and {@link #close()} may be called from any. Nothing waits unless a timeout is given, and
 * sending and receiving allocate nothing.
 *
 * <p>Buffers are native memory, given by address. The stream has no message boundaries, but descriptors come with the
 * bytes they were sent with: a receiver that asks for no more than one message (or its header) at a time gets exactly
 * that message's descriptors. They collect here until they are taken ({@link #takeDescriptors()}); what is not taken
 * is closed with the stream.
 */
public final class UnixStream implements AutoCloseable {
    /** Most descriptors that Linux passes with one message (SCM_MAX_FD). */
    public static final int MAX_DESCRIPTORS = 253;

    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SHUT_RDWR = 2;
    private static final long CONNECT_PAUSE_NANOS = 1_000_000;

    private final Fd fd;
    private final StreamSender sender;
    private final StreamReceiver receiver;

    private UnixStream(Fd fd, int descriptorRoom) {
        this.fd = fd;
        this.sender = new StreamSender(fd);
        this.receiver = new StreamReceiver(fd, descriptorRoom);
    }

    /** Takes over a connected stream socket. */
    public static UnixStream adopt(Fd fd) {
        return adopt(fd, MAX_DESCRIPTORS);
    }

    /** With room for {@code descriptorRoom} descriptors per message: what a peer sends beyond is lost, and said to be. */
    static UnixStream adopt(Fd fd, int descriptorRoom) {
        return new UnixStream(fd, descriptorRoom);
    }

    /**
     * Connects to the listener at {@code path}.
     *
     * @param timeoutNanos how long to wait for a listener whose backlog is full; 0 tries once
     * @throws LinuxException ENOENT or ECONNREFUSED when nobody listens, EACCES, ENAMETOOLONG, EAGAIN when the time is over
     */
    public static UnixStream connect(Path path, long timeoutNanos) throws LinuxException {
        Fd socket = UnixAddress.newSocket();
        try (Arena arena = Arena.ofConfined()) {
            UnixAddress address = UnixAddress.of(path, arena);
            long start = System.nanoTime();
            int result = address.connect(socket);
            while (result == -Errno.EAGAIN && System.nanoTime() - start < timeoutNanos) {
                LockSupport.parkNanos(CONNECT_PAUSE_NANOS);
                result = address.connect(socket);
            }
            LinuxException.check(result, "connect to " + path);
            return adopt(socket);
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /** Two ends that are connected to each other. */
    public static List<UnixStream> pair() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(JAVA_INT, 2);
            int type = UnixAddress.SOCK_STREAM | UnixAddress.SOCK_CLOEXEC | UnixAddress.SOCK_NONBLOCK;
            LinuxException.check(Syscall.call(Nr.SOCKETPAIR, UnixAddress.AF_UNIX, type, 0, numbers.address()),
                    "create a socket pair");
            return List.of(adopt(Fd.own(numbers.getAtIndex(JAVA_INT, 0))),
                    adopt(Fd.own(numbers.getAtIndex(JAVA_INT, 1))));
        }
    }

    /**
     * Receives what is there, up to {@code length} bytes, without waiting. To go on with a message of which a part came,
     * call again with the address and length of the rest.
     *
     * @param length 1 or more
     * @return bytes received; 0 when the peer has closed; -EAGAIN when nothing is there; other negative errno
     */
    public int receive(long address, int length) {
        return receiver.receive(address, length);
    }

    /**
     * Receives exactly {@code length} bytes.
     *
     * @param length 1 or more
     * @param timeoutNanos for all of it; 0 takes what is there, negative waits without limit
     * @return {@code length}; 0 when the peer has closed before the first byte; -ECONNRESET when it has closed after it;
     *         -ETIMEDOUT when the time is over, then {@link #received()} tells how much is there and the caller may go on
     *         behind it; other negative errno
     */
    public int receiveExactly(long address, int length, long timeoutNanos) {
        return receiver.receiveExactly(address, length, timeoutNanos);
    }

    /** How many bytes the last {@link #receiveExactly} has put into its buffer. */
    public int received() {
        return receiver.received();
    }

    /** How many descriptors have come and were not taken yet. */
    public int descriptorCount() {
        return receiver.descriptorCount();
    }

    /**
     * Whether descriptors were sent that did not arrive (MSG_CTRUNC: no room, or this process has too many open).
     * Until the descriptors are taken or closed.
     */
    public boolean descriptorsLost() {
        return receiver.descriptorsLost();
    }

    /** The descriptors that have come, in the order sent; they are the caller's from now on. */
    public List<Fd> takeDescriptors() {
        List<Fd> taken = new ArrayList<>(receiver.descriptorCount());
        receiver.takeInto(taken);
        return taken;
    }

    /** Closes the descriptors that have come and were not taken. */
    public void closeDescriptors() {
        receiver.closeDescriptors();
    }

    /**
     * Sends bytes without waiting, in one system call.
     *
     * @return bytes sent, which can be fewer; -EAGAIN when there is no room; -EPIPE when the peer has closed; other
     *         negative errno
     */
    public int send(long address, int length) {
        return sender.send(address, length, 0, 0);
    }

    /** Sends a header and its payload without waiting, in one system call. As {@link #send(long, int)}. */
    public int send(long header, int headerLength, long payload, int payloadLength) {
        return sender.send(header, headerLength, payload, payloadLength);
    }

    /**
     * Sends a header, its payload and descriptors without waiting, in one system call. If any byte was sent, the
     * descriptors were. The caller still owns them.
     *
     * @param descriptors up to {@link #MAX_DESCRIPTORS}
     * @return as {@link #send(long, int)}; -EBADF when a descriptor is closed
     */
    public int send(long header, int headerLength, long payload, int payloadLength, List<Fd> descriptors) {
        return sender.send(header, headerLength, payload, payloadLength, descriptors);
    }

    /**
     * Sends all of a header, its payload and descriptors: in one system call where there is room, which there is for
     * messages of some kilobytes unless the peer does not read.
     *
     * @param timeoutNanos for all of it; 0 does not wait, negative waits without limit
     * @return the sum of both lengths; -ETIMEDOUT when the time is over, then the stream may have got a part and is of no
     *         more use; other negative errno
     */
    public int sendFully(long header, int headerLength, long payload, int payloadLength, List<Fd> descriptors,
            long timeoutNanos) {
        return sender.sendFully(header, headerLength, payload, payloadLength, descriptors, timeoutNanos);
    }

    /** Who is at the other end. */
    public PeerCredentials peer() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(JAVA_INT, 3);
            MemorySegment size = arena.allocateFrom(JAVA_INT, 3 * Integer.BYTES);
            LinuxException.check(Syscall.call(Nr.GETSOCKOPT, fd.number(), SOL_SOCKET, SO_PEERCRED,
                    credentials.address(), size.address(), 0), "read the peer of " + fd);
            return new PeerCredentials(credentials.getAtIndex(JAVA_INT, 0), credentials.getAtIndex(JAVA_INT, 1),
                    credentials.getAtIndex(JAVA_INT, 2));
        }
    }

    /** Ends the connection in both directions, and wakes whoever waits for it; 0 or negative errno. */
    public int shutdown() {
        return (int) Syscall.call(Nr.SHUTDOWN, fd.number(), SHUT_RDWR);
    }

    /** The socket, non-blocking. */
    public Fd fd() {
        return fd;
    }

    /** Closes the socket and the descriptors that were not taken. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
        receiver.closeDescriptors();
    }
}
