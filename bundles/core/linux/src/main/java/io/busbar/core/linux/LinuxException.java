package io.busbar.core.linux;

import java.io.IOException;

/**
 * A system call of the control path failed. The message names the operation, its object and the error:
 * {@code open /x/y: Permission denied (EACCES)}.
 */
public class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param what operation and object, e.g. {@code open /x/y}
     * @param errno positive or negated error number
     */
    public LinuxException(String what, int errno) {
        super(what + ": " + Errno.text(errno) + " (" + Errno.name(errno) + ")");
        this.errno = Math.abs(errno);
    }

    /**
     * An error that needs a better sentence than errno has.
     *
     * @param what operation and object, e.g. {@code bind /x/y}
     * @param errno positive or negated error number
     * @param sentence what is wrong and what was expected; stands in place of the errno's text
     */
    public LinuxException(String what, int errno, String sentence) {
        super(what + ": " + sentence + " (" + Errno.name(errno) + ")");
        this.errno = Math.abs(errno);
    }

    /** The error number, positive: {@link Errno}. */
    public final int errno() {
        return errno;
    }

    /** Returns {@code result}, or throws if it is a negative errno. Build {@code what} only on control paths. */
    static long check(long result, String what) throws LinuxException {
        if (result < 0) {
            throw new LinuxException(what, (int) result);
        }
        return result;
    }
}
