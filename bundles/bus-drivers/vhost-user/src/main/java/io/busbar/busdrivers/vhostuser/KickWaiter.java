package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.concurrent.TimeUnit;

/** Has kicks of a device's queues waited for: by the device where it can, else on the reactor. */
final class KickWaiter {

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Reactor reactor;
    private final VdpaConfigOps ops;

    KickWaiter(Reactor reactor, VdpaConfigOps ops) {
        this.reactor = reactor;
        this.ops = ops;
    }

    /**
     * Starts to wait.
     *
     * @param index queue
     * @param kick  an eventfd that stays open until the wait was ended; null to kick the device every millisecond, for
     *              front-ends that do not kick
     * @throws VdpaException EINVAL if the descriptor cannot be waited for
     */
    Ring.KickWait await(int index, Fd kick) throws VdpaException {
        if (kick == null) {
            return new Poller(index);
        }
        if (ops instanceof KickDescriptors device) {
            device.setVqKickDescriptor(index, kick.number());
            return () -> takeFrom(device, index);
        }
        try {
            return reactor.watch(kick, watch -> pass(kick, index, watch))::cancel;
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EINVAL, e.getMessage());
        }
    }

    private static void takeFrom(KickDescriptors device, int index) {
        try {
            device.setVqKickDescriptor(index, -1);
        } catch (VdpaException e) {
            throw new IllegalStateException("the device does not let go of a kick descriptor", e);
        }
    }

    private void pass(Fd kick, int index, Reactor.Watch watch) {
        long count = EventFd.drain(kick.number());
        if (count > 0) {
            ops.kickVq(index);
        }
        if (count > 0 || count == -Errno.EAGAIN) {
            watch.rearm();
        }
    }

    private final class Poller implements Ring.KickWait, Runnable {
        private final int index;
        private volatile boolean ended;

        Poller(int index) {
            this.index = index;
            reactor.schedule(POLL_NANOS, this);
        }

        @Override
        public void run() {
            if (!ended) {
                ops.kickVq(index);
                reactor.schedule(POLL_NANOS, this);
            }
        }

        @Override
        public void end() {
            ended = true;
        }
    }
}
