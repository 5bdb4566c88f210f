package io.busbar.core.linux;

import java.lang.ref.Reference;

/**
 * Vectored reads and writes at an offset, on a descriptor that somebody else owns. Allocates nothing; any thread, with
 * buffers of its own.
 */
public final class PositionalIo {
    /** Do not wait: only what the page cache holds. */
    public static final int RWF_NOWAIT = 0x8;
    /** Durable at the return, as after fdatasync of what was written. */
    public static final int RWF_DSYNC = 0x2;

    private PositionalIo() {
    }

    /**
     * Reads into the buffers in turn (preadv2).
     *
     * @param fd      a file descriptor
     * @param buffers where to
     * @param offset  where in the file, bytes
     * @param flags   RWF_ bits
     * @return bytes read, 0 at the end of the file, or negative errno; -EFAULT when the buffers are not mapped
     */
    public static long preadv2(int fd, Iovecs buffers, long offset, int flags) {
        return transfer(Nr.PREADV2, fd, buffers, offset, flags);
    }

    /** Writes the buffers in turn (pwritev2); as {@link #preadv2}. */
    public static long pwritev2(int fd, Iovecs buffers, long offset, int flags) {
        return transfer(Nr.PWRITEV2, fd, buffers, offset, flags);
    }

    /* The offset goes in two words on all machines; where a word is 64 bits wide the second one is not looked at. */
    private static long transfer(int number, int fd, Iovecs buffers, long offset, int flags) {
        long result = Syscall.call(number, fd, buffers.address(), buffers.count(), offset, 0, flags);
        Reference.reachabilityFence(buffers);
        return result;
    }
}
