package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.SharableBackend;
import io.busbar.api.backend.YieldingBackend;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device on its way to another process, which opens the same backend while this one goes on: an image is yielded meanwhile.
 * Until it is taken back no part of the device is exchanged.
 */
final class HandingOver {

    private static final Logger LOG = LoggerFactory.getLogger(HandingOver.class);

    private final DeviceParts parts;
    private final DeviceParts.Present before;

    private HandingOver(DeviceParts parts, DeviceParts.Present before) {
        this.parts = parts;
        this.before = before;
    }

    /**
     * Begins.
     *
     * @throws VdpaException why the device cannot be handed over; nothing has changed then
     */
    static HandingOver begin(DeviceParts parts) throws VdpaException {
        DeviceParts.Present before = parts.beginSwap();
        boolean begun = false;
        try {
            yieldOf(before.backend());
            begun = true;
            return new HandingOver(parts, before);
        } finally {
            if (!begun) {
                parts.endSwap();
            }
        }
    }

    private static void yieldOf(OpenBackend opened) throws VdpaException {
        Backend backend = opened.backend();
        try {
            if (backend instanceof YieldingBackend yielding) {
                yielding.yieldStorage();
            } else if (!(backend instanceof SharableBackend)) {
                throw new VdpaException(VdpaError.EOPNOTSUPP, "backend " + opened.factory().name()
                        + " cannot go on in another process: what it has is in this one");
            }
        } catch (BackendException refused) {
            throw BackendErrors.of(refused);
        }
    }

    /** Takes back what was yielded: the device goes on here. */
    void cancel() {
        try {
            if (before.backend().backend() instanceof YieldingBackend yielding) {
                yielding.reclaimStorage();
            }
        } catch (BackendException lost) {
            LOG.error("{}: the backend cannot go on after the device was not handed over: {}",
                    before.opener().request().name(), lost.getMessage());
            parts.lost(before.backend());
        } finally {
            parts.endSwap();
            parts.checkParts();
        }
    }
}
