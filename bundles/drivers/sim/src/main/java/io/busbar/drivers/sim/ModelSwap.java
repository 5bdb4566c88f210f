package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.QueuePause;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;

/**
 * One swap of a device's model, for the newest one of its type: make before break. The backend stays; what the driver has settled
 * with the old model is handed over to the new one while nothing is in flight.
 */
final class ModelSwap {

    private static final QueuePause NONE = new QueuePause(0, 0, 0, 0);

    private ModelSwap() {}

    /**
     * Swaps, on a control thread.
     *
     * @param parts    of the device
     * @param deadline for what is in flight
     * @param dryRun   whether the new model is only made and looked at
     * @throws VdpaException why not; the old model goes on
     */
    static SwapReport of(DeviceParts parts, Duration deadline, boolean dryRun) throws VdpaException {
        DeviceParts.Present before = parts.beginSwap();
        try {
            return swap(parts, before, deadline, dryRun);
        } finally {
            parts.endSwap();
            parts.checkParts(); // What left while the new model was made was not told to the device.
        }
    }

    private static SwapReport swap(DeviceParts parts, DeviceParts.Present before, Duration deadline, boolean dryRun)
            throws VdpaException {
        PartsOpener opener = before.opener();
        DeviceModelFactory factory = opener.findModel().orElseThrow(() -> missing(opener.noModel()));
        String from = parts.modelOrigin();
        long begin = System.nanoTime();
        DeviceModel next = parts.makeSuccessor(before, factory);
        Duration making = Duration.ofNanos(System.nanoTime() - begin);
        boolean done = false;
        try {
            parts.rehearseModel(before, factory, next);
            QueuePause pause = dryRun ? NONE : parts.exchangeModel(before, factory, next, deadline);
            done = !dryRun;
            return new SwapReport(
                    from,
                    opener.services().factories().origin(factory),
                    opener.request().attributes(),
                    making,
                    Duration.ofNanos(pause.quiesceNanos()),
                    Duration.ofNanos(pause.exchangeNanos()),
                    Duration.ofNanos(pause.resumeNanos()),
                    pause.inFlight());
        } finally {
            if (!done) {
                parts.dropSuccessor(next);
            }
        }
    }

    private static VdpaException missing(Health health) {
        return new VdpaException(VdpaError.ENODEV, health.reason(), health.sentence(), null);
    }
}
