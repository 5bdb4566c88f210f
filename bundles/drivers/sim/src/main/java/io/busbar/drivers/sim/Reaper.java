package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.RevocableBackend;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes backends, which may take time: the caller waits a little, so that what was closed can be opened again at once;
 * after that the closing goes on by itself, and is named when it takes too long.
 */
final class Reaper {

    private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);

    private final Duration patience;
    private final Duration deadline;

    /**
     * Makes a reaper.
     *
     * @param patience how long a caller waits
     * @param deadline after what time a closing is named in the log
     */
    Reaper(Duration patience, Duration deadline) {
        this.patience = patience;
        this.deadline = deadline;
    }

    /**
     * Closes a backend.
     *
     * @param device  the device that it served
     * @param backend the backend
     */
    void close(String device, Backend backend) {
        end(device, backend::close);
    }

    /**
     * Closes a backend whose device could not be made: what its opening changed is taken back, if it can do that.
     *
     * @param device  the device that it was to serve
     * @param backend the backend
     */
    void revoke(String device, Backend backend) {
        end(device, backend instanceof RevocableBackend revocable ? revocable::revoke : backend::close);
    }

    private void end(String device, Runnable close) {
        Thread closing = Thread.ofPlatform()
                .daemon()
                .name("busbar-close-" + device)
                .start(() -> closeNow(device, close));
        if (!joined(closing, patience)) {
            Thread.ofPlatform().daemon().name("busbar-reaper-" + device).start(() -> watch(device, closing));
        }
    }

    private static void closeNow(String device, Runnable close) {
        try {
            close.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: the backend failed to close", device, thrown);
        }
    }

    private void watch(String device, Thread closing) {
        if (!joined(closing, deadline)) {
            LOG.error("{}: the backend is still closing after {} s, thread {}: its resources are held until it ends",
                    device, deadline.toSeconds(), closing.getName());
        }
    }

    private static boolean joined(Thread thread, Duration time) {
        try {
            return thread.join(time);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
