package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.SharableBackend;
import io.busbar.api.backend.YieldingBackend;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.Optional;
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
    private final Optional<Handover> prepared;

    private HandingOver(DeviceParts parts, DeviceParts.Present before, Optional<Handover> prepared) {
        this.parts = parts;
        this.before = before;
        this.prepared = prepared;
    }

    /**
     * Begins.
     *
     * @throws VdpaException why the device cannot be handed over; nothing has changed then
     */
    static HandingOver begin(DeviceParts parts) throws VdpaException {
        DeviceParts.Present before = parts.beginHandingOver();
        boolean begun = false;
        try {
            HandingOver handingOver = new HandingOver(parts, before, prepare(before.backend()));
            begun = true;
            return handingOver;
        } finally {
            if (!begun) {
                parts.endSwap();
                parts.checkParts();
            }
        }
    }

    private static Optional<Handover> prepare(OpenBackend opened) throws VdpaException {
        String name = opened.factory().name();
        try {
            return switch (opened.backend()) {
                case HandoverBackend handover -> Optional.of(PreparedBackend.toRecord(name, handover.handOver()));
                case YieldingBackend yielding -> {
                    yielding.yieldStorage();
                    yield Optional.empty();
                }
                case SharableBackend _ -> Optional.empty();
                default -> throw new VdpaException(VdpaError.EOPNOTSUPP,
                        "backend " + name + " cannot go on in another process: what it has is in this one");
            };
        } catch (BackendException refused) {
            throw BackendErrors.of(refused);
        }
    }

    /** Returns what the successor is made with, if its backend needs more than words. */
    Optional<Handover> prepared() {
        return prepared;
    }

    /** Takes back what was yielded: the device goes on here. */
    void cancel() {
        try {
            switch (before.backend().backend()) {
                case HandoverBackend handover -> handover.goOn();
                case YieldingBackend yielding -> yielding.reclaimStorage();
                default -> { }
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
