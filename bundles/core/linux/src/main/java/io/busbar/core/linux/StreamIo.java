package io.busbar.core.linux;

import java.lang.ref.Reference;

/**
 * Vectored reads and writes of what has no offset, such as sockets, terminals and network interfaces, on a descriptor that
 * somebody else owns. Allocates nothing; any thread, with buffers of its own. Whether a call waits is the descriptor's own
 * mode (O_NONBLOCK).
 */
public final class StreamIo {

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

    private static long transfer(int number, int fd, Iovecs buffers) {
        long result = Syscall.call(number, fd, buffers.address(), buffers.count());
        Reference.reachabilityFence(buffers);
        return result;
    }
}
