package io.busbar.tools.plug;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Devices that are swapped to the parts that are preferred now, one after the other, and back if one refuses. */
final class Moves {

    private static final Logger LOG = LoggerFactory.getLogger(Moves.class);
    private static final long POLL_MILLIS = 20;
    private static final long MICRO = 1000;

    private final Duration deadline;
    private final boolean force;
    private final List<Use> done = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();

    /**
     * @param deadline for the requests in flight of each device
     * @param force    whether requests that do not end by then are taken away from the old backend, and done by the new one
     */
    Moves(Duration deadline, boolean force) {
        this.deadline = deadline;
        this.force = force;
    }

    /**
     * Swaps devices. Those that have gone meanwhile are left out.
     *
     * @throws PlugException why a device refuses
     */
    void to(List<Use> uses) throws PlugException {
        for (Use use : uses) {
            try {
                SwapReport report = patiently(use);
                done.add(use);
                lines.add(use.device() + ": " + (use.kind() == BusSnapshot.Kind.BACKEND ? "backend" : "device model") + " swapped, pause "
                        + report.pause().toNanos() / MICRO + " us");
            } catch (VdpaException refused) {
                if (refused.error() != VdpaError.ENODEV || use.bus().device(use.device()).isPresent()) {
                    throw new PlugException(use.device() + " refuses: "
                            + (refused.getMessage().isEmpty() ? refused.error().text() : refused.getMessage()), refused);
                }
            }
        }
    }

    /** A swap that a user has asked for may be under way. */
    private SwapReport patiently(Use use) throws VdpaException {
        long begin = System.nanoTime();
        while (true) {
            try {
                return swap(use);
            } catch (VdpaException refused) {
                if (refused.error() != VdpaError.EBUSY || System.nanoTime() - begin > deadline.toNanos() || !slept()) {
                    throw refused;
                }
            }
        }
    }

    private static boolean slept() {
        try {
            Thread.sleep(POLL_MILLIS);
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private SwapReport swap(Use use) throws VdpaException {
        return use.kind() == BusSnapshot.Kind.BACKEND
                ? use.bus().swapBackend(use.device(), new SwapRequest(use.name(), Map.of(), deadline, false, force))
                : use.bus().swapModel(use.device(), deadline, false);
    }

    /** Swaps back what was swapped, the last first. Who refuses that holds, and goes on when what it has leaves. */
    void back() {
        for (Use use : done.reversed()) {
            try {
                patiently(use);
            } catch (VdpaException refused) {
                LOG.error("{} does not go back to what it had: {}", use.device(), refused.getMessage());
            }
        }
    }

    /** Returns a line for each device that was swapped. */
    List<String> lines() {
        return lines;
    }
}
