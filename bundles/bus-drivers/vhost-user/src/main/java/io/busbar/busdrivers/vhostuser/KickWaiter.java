package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.concurrent.TimeUnit;

/** Waits on the reactor for the kicks of queues whose device does not wait for them itself. */
final class KickWaiter {

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Reactor reactor;

    KickWaiter(Reactor reactor) {
        this.reactor = reactor;
    }

    /**
     * Starts to wait.
     *
     * @param kick   an eventfd that stays open until the wait was ended; null to kick the device every millisecond, for
     *               front-ends that do not kick
     * @param kickVq kicks the device; any thread, and it may come once more after the end
     * @throws VdpaException EINVAL if the descriptor cannot be waited for
     */
    Ring.KickWait await(Fd kick, Runnable kickVq) throws VdpaException {
        if (kick == null) {
            return new Poller(kickVq);
        }
        try {
            return reactor.watch(kick, watch -> pass(kick, kickVq, watch))::cancel;
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EINVAL, e.getMessage());
        }
    }

    private static void pass(Fd kick, Runnable kickVq, Reactor.Watch watch) {
        long count = EventFd.drain(kick.number());
        if (count > 0) {
            kickVq.run();
        }
        if (count > 0 || count == -Errno.EAGAIN) {
            watch.rearm();
        }
    }

    private final class Poller implements Ring.KickWait, Runnable {
        private final Runnable kickVq;
        private volatile boolean ended;

        Poller(Runnable kickVq) {
            this.kickVq = kickVq;
            reactor.schedule(POLL_NANOS, this);
        }

        @Override
        public void run() {
            if (!ended) {
                kickVq.run();
                reactor.schedule(POLL_NANOS, this);
            }
        }

        @Override
        public void end() {
            ended = true;
        }
    }
}
