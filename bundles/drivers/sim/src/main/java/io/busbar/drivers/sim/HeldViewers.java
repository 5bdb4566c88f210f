package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** All who look at a console, kept from its model while another one takes its place. For a control thread, but for {@link #follow}. */
final class HeldViewers implements AutoCloseable {

    private final List<LastingViewer> held = new ArrayList<>();

    private HeldViewers() {}

    /**
     * Waits for those who are at the model, and holds all.
     *
     * @param viewers  none is added meanwhile
     * @param deadline for that
     * @throws VdpaException ETIMEDOUT if one is at the model for longer; none is held then
     */
    static HeldViewers hold(Collection<LastingViewer> viewers, Duration deadline) throws VdpaException {
        HeldViewers all = new HeldViewers();
        boolean done = false;
        try {
            long end = System.nanoTime() + deadline.toNanos();
            for (LastingViewer viewer : viewers) {
                all.hold(viewer, end, deadline);
            }
            // The typist first: nobody else types meanwhile.
            all.held.sort(Comparator.comparing(viewer -> !viewer.isTypist()));
            done = true;
            return all;
        } finally {
            if (!done) {
                all.close();
            }
        }
    }

    private void hold(LastingViewer viewer, long end, Duration deadline) throws VdpaException {
        try {
            if (!viewer.hold(end - System.nanoTime())) {
                throw new VdpaException(VdpaError.ETIMEDOUT, Reason.NONE, "somebody who looks at the console does not come back from the"
                        + " device model; waited " + deadline.toMillis() + " ms", null);
            }
            held.add(viewer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VdpaException(VdpaError.EAGAIN, Reason.INTERNAL, "interrupted while the device model was exchanged", e);
        }
    }

    /** Has all go on at a model; on the thread that makes the exchange. */
    void follow(DeviceModel next) {
        for (LastingViewer viewer : held) {
            viewer.follow(next);
        }
    }

    @Override
    public void close() {
        held.forEach(LastingViewer::release);
    }
}
