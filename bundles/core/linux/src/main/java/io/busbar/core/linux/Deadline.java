package io.busbar.core.linux;

/** Waits for a descriptor within a time that began earlier. */
final class Deadline {
    private Deadline() {
    }

    /**
     * Waits for {@code events}, or a signal.
     *
     * @param startNanos System.nanoTime() when the time began
     * @param timeoutNanos how long it is; negative is without limit
     * @return 0 or more: look again; -ETIMEDOUT; other negative errno
     */
    static int await(int fd, int events, long startNanos, long timeoutNanos) {
        long left = timeoutNanos < 0 ? -1 : timeoutNanos - (System.nanoTime() - startNanos);
        if (timeoutNanos >= 0 && left <= 0) {
            return -Errno.ETIMEDOUT;
        }
        int ready = Poll.await(fd, events, left);
        return ready == -Errno.EINTR ? 0 : ready;
    }
}
