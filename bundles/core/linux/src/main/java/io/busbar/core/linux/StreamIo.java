package io.busbar.core.linux;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * Reads and writes of what has no offset, such as sockets, terminals and network interfaces, on a descriptor that
 * somebody else owns. Allocates nothing; any thread, with buffers of its own. Whether a call waits is the descriptor's own
 * mode (O_NONBLOCK).
 */
public final class StreamIo {

    private static final int SHUT_WR = 1;

    private StreamIo() {
    }

    /**
     * Reads into the buffers in turn (readv).
     *
     * @param fd      a file descriptor
     * @param buffers where to
     * @return bytes read, 0 at the end of the stream, or negative errno; -EFAULT when the buffers are not mapped
     */
    public static long readv(int fd, Iovecs buffers) {
        return transfer(Nr.READV, fd, buffers);
    }

    /**
     * Writes the buffers in turn (writev).
     *
     * @param fd      a file descriptor
     * @param buffers what to write
     * @return bytes written, or negative errno; -EFAULT when the buffers are not mapped
     */
    public static long writev(int fd, Iovecs buffers) {
        return transfer(Nr.WRITEV, fd, buffers);
    }

    /**
     * Reads into native memory (read).
     *
     * @param fd     a file descriptor
     * @param into   where to
     * @param offset first byte there
     * @param length bytes wanted
     * @return bytes read, 0 at the end of the stream, or negative errno
     * @throws IndexOutOfBoundsException if the range is not inside the memory
     */
    public static long read(int fd, MemorySegment into, long offset, long length) {
        return transfer(Nr.READ, fd, into, offset, length);
    }

    /**
     * Writes from native memory (write).
     *
     * @param fd     a file descriptor
     * @param from   what to write
     * @param offset first byte there
     * @param length bytes offered
     * @return bytes written, or negative errno
     * @throws IndexOutOfBoundsException if the range is not inside the memory
     */
    public static long write(int fd, MemorySegment from, long offset, long length) {
        return transfer(Nr.WRITE, fd, from, offset, length);
    }

    /**
     * Ends what is sent on a socket (shutdown): who reads at the other end finds the end of the stream.
     *
     * @param fd a connected stream socket
     * @return 0, or negative errno
     */
    public static int endOutput(int fd) {
        return (int) Syscall.call(Nr.SHUTDOWN, fd, SHUT_WR);
    }

    private static long transfer(int number, int fd, MemorySegment memory, long offset, long length) {
        Objects.checkFromIndexSize(offset, length, memory.byteSize());
        long result = Syscall.call(number, fd, memory.address() + offset, length);
        Reference.reachabilityFence(memory);
        return result;
    }

    private static long transfer(int number, int fd, Iovecs buffers) {
        long result = Syscall.call(number, fd, buffers.address(), buffers.count());
        Reference.reachabilityFence(buffers);
        return result;
    }
}
