package io.busbar.tools.plug;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Devices that are swapped to the parts that are preferred now, one after the other, and back if one refuses. Those whose backend keeps to
 * itself what it uses, so that no two can be open, may be left for later: they hold from when the old backend leaves until they have
 * opened the new one.
 */
final class Moves {

    private static final Logger LOG = LoggerFactory.getLogger(Moves.class);
    private static final long POLL_MILLIS = 20;
    private static final long MICRO = 1000;
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(10);

    private final Duration deadline;
    private final boolean force;
    private final boolean hold;
    private final List<Use> done = new ArrayList<>();
    private final List<Use> later = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();

    /**
     * @param deadline for the requests in flight of each device
     * @param force    whether requests that do not end by then are taken away from the old backend, and done by the new one
     * @param hold     whether devices that cannot have both backends open are left for later
     */
    Moves(Duration deadline, boolean force, boolean hold) {
        this.deadline = deadline;
        this.force = force;
        this.hold = hold;
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
                if (isForLater(use, refused)) {
                    later.add(use);
                } else if (refused.error() != VdpaError.ENODEV || use.bus().device(use.device()).isPresent()) {
                    throw refusal(use, refused);
                }
            }
        }
    }

    private static PlugException refusal(Use use, VdpaException refused) {
        String sentence = use.device() + " refuses: " + (refused.getMessage().isEmpty() ? refused.error().text() : refused.getMessage());
        return isBusy(refused) ? new BusyException(sentence, refused) : new PlugException(sentence, refused);
    }

    /** Another swap of the device is under way. What its backend uses may be busy, too, for a reason of its own. */
    private static boolean isBusy(VdpaException refused) {
        return refused.error() == VdpaError.EBUSY && refused.reason() == Reason.NONE;
    }

    private boolean isForLater(Use use, VdpaException refused) {
        return hold && use.kind() == BusSnapshot.Kind.BACKEND && refused.reason() == Reason.IN_USE;
    }

    /** A swap that a user has asked for may be under way. */
    private SwapReport patiently(Use use) throws VdpaException {
        long begin = System.nanoTime();
        while (true) {
            try {
                return swap(use);
            } catch (VdpaException refused) {
                if (!isBusy(refused) || System.nanoTime() - begin > deadline.toNanos() || !slept()) {
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

    /** Returns the devices that were left for later. */
    List<Use> later() {
        return later;
    }

    /**
     * Waits until those that were left for later have opened the new backend, after the old one has left.
     *
     * @throws PlugException why one has not
     */
    void awaitLater() throws PlugException {
        long begin = System.nanoTime();
        long patience = Math.max(deadline.toNanos(), LEAST_PATIENCE.toNanos());
        for (Use use : later) {
            Optional<Health> trouble = trouble(use);
            while (trouble.isPresent() && System.nanoTime() - begin < patience && slept()) {
                trouble = trouble(use);
            }
            if (trouble.isPresent()) {
                throw new PlugException(use.device() + " does not open the new backend: " + trouble.get().sentence());
            }
            lines.add(use.device() + ": backend opened again, held for up to " + (System.nanoTime() - begin) / (MICRO * MICRO) + " ms");
        }
    }

    /** What keeps a device from having a backend; empty if it has one, or has gone. */
    private static Optional<Health> trouble(Use use) {
        return use.bus().snapshot().devices().stream()
                .filter(device -> device.name().equals(use.device()))
                .filter(device -> device.details().getOrDefault("backend_bundle", "").isEmpty() || isAway(device.health().reason()))
                .map(BusSnapshot.Device::health)
                .findFirst();
    }

    private static boolean isAway(Reason reason) {
        return reason == Reason.NO_BACKEND || reason == Reason.BACKEND_STUCK || reason == Reason.IN_USE;
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
