package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.FencedBackend;
import io.busbar.api.backend.YieldingBackend;
import io.busbar.api.device.QueuePause;
import io.busbar.api.vdpa.CopyWatch;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One swap of a device's backend: make before break. The new backend is opened and checked while the old one goes on; the
 * exchange is all that the driver waits for.
 *
 * <p>Where the new one finds its storage in use, the old one may be who uses it: it then yields it ({@link YieldingBackend})
 * and goes on meanwhile. Both are open then, but only one ever has requests. If the swap ends without success the new one
 * is closed first, and the old one takes its storage back.
 */
final class Swap {

    private static final Logger LOG = LoggerFactory.getLogger(Swap.class);

    private static final QueuePause NONE = new QueuePause(0, 0, 0, 0);

    private final DeviceParts parts;
    private final DeviceParts.Present before;
    private final SwapRequest request;
    private final PartsOpener opener;
    private boolean yielded;
    /** Bytes of the content. */
    private long copied;

    private Swap(DeviceParts parts, DeviceParts.Present before, SwapRequest request) throws VdpaException {
        this.parts = parts;
        this.before = before;
        this.request = request;
        this.opener = before.opener().swapped(before.factory(), request.backend(), request.words());
    }

    /**
     * Swaps, on a control thread.
     *
     * @param parts   of the device
     * @param request what is wanted
     * @throws VdpaException why not; the old backend goes on
     */
    static SwapReport of(DeviceParts parts, SwapRequest request) throws VdpaException {
        DeviceParts.Present before = parts.beginSwap();
        try {
            return new Swap(parts, before, request).run();
        } finally {
            parts.endSwap();
            parts.checkParts(); // What left while the new backend was opened was not told to the device.
        }
    }

    private SwapReport run() throws VdpaException {
        DeviceWords words = opener.words(before.factory());
        BackendFactory factory = opener.findBackend(before.factory(), words)
                .orElseThrow(() -> missing(opener.noBackend(before.factory(), words.backend())));
        long begin = System.nanoTime();
        OpenBackend next = open(factory, words);
        Duration opening = Duration.ofNanos(System.nanoTime() - begin);
        boolean done = false;
        try {
            QueuePause pause = exchange(next);
            done = !request.dryRun();
            return report(factory, opening, pause);
        } finally {
            if (done) {
                opener.reap(before.backend().backend());
            } else {
                takeBack(next);
            }
        }
    }

    private QueuePause exchange(OpenBackend next) throws VdpaException {
        boolean sameStorage = before.backend().backend() instanceof BlockBackend && isSameStorage(next);
        if (request.force() && sameStorage && !(before.backend().backend() instanceof FencedBackend)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, Reason.IN_USE, "backend " + before.backend().factory().name()
                    + " cannot keep requests that it was given from its storage, so that a swap by force needs another storage;"
                    + " without --force it waits for them", null);
        }
        if (request.copy().isPresent()) {
            return copy(next, sameStorage, request.copy().get());
        }
        parts.checkSuccessor(before, next);
        if (request.dryRun()) {
            return NONE;
        }
        parts.rehearseBackend(before, opener, next);
        return request.force()
                ? parts.exchangeByForce(before, opener, next, request.deadline(), sameStorage)
                : parts.exchange(before, opener, next, request.deadline());
    }

    /** Copies the content first, while the old one is used. */
    private QueuePause copy(OpenBackend next, boolean sameStorage, CopyWatch watch) throws VdpaException {
        if (request.force()) {
            throw refusal(VdpaError.EINVAL, Reason.CONFIG_INVALID,
                    "a copy and force: expected one of them, as what is taken away from a backend cannot be copied from it");
        }
        if (!(before.backend().face() instanceof BlockBackend from) || !(next.backend() instanceof BlockBackend to)) {
            throw refusal(VdpaError.EOPNOTSUPP, Reason.CONFIG_INVALID, "only disks have a content that can be copied");
        }
        if (sameStorage) {
            throw refusal(VdpaError.EINVAL, Reason.IN_USE, "the new backend has the storage of the old one: expected another one to copy to");
        }
        if (to.info().readOnly()) {
            throw refusal(VdpaError.EACCES, Reason.PERMISSION, "the new backend cannot be written, and so not be copied to");
        }
        parts.checkSuccessor(before, next);
        if (request.dryRun()) {
            copied = from.info().capacity();
            return NONE;
        }
        parts.rehearseBackend(before, opener, next);
        try (DiskCopy copy = new DiskCopy(parts, before, from, to, request.deadline(), watch)) {
            copy.run();
            QueuePause pause = parts.exchange(before, opener, next, request.deadline(), copy::finish);
            copied = copy.isDone();
            return pause;
        }
    }

    private static VdpaException refusal(VdpaError error, Reason reason, String sentence) {
        return new VdpaException(error, reason, sentence, null);
    }

    /** What the old one had to yield is the same, and what has the same name and words. */
    private boolean isSameStorage(OpenBackend next) {
        return yielded || next.factory().name().equals(before.backend().factory().name())
                && opener.request().attributes().equals(before.opener().request().attributes());
    }

    private static VdpaException missing(Health health) {
        return new VdpaException(VdpaError.ENODEV, health.reason(), health.sentence(), null);
    }

    private OpenBackend open(BackendFactory factory, DeviceWords words) throws VdpaException {
        try {
            return openOnce(factory, words);
        } catch (VdpaException refused) {
            if (refused.reason() != Reason.IN_USE || !(before.backend().backend() instanceof YieldingBackend old)) {
                throw refused;
            }
            yieldTo(old);
        }
        boolean opened = false;
        try {
            OpenBackend next = openOnce(factory, words);
            opened = true;
            return next;
        } finally {
            if (!opened) {
                reclaim();
            }
        }
    }

    /** What is copied to has to be written, also for a driver that cannot. */
    private OpenBackend openOnce(BackendFactory factory, DeviceWords words) throws VdpaException {
        boolean copies = request.copy().isPresent();
        OpenBackend opened = opener.open(before.factory(), factory, copies ? words.writable() : words, parts.channels(), parts);
        return copies && words.readOnly() && before.backend().face() instanceof BlockBackend disk
                ? opened.readOnly(disk.info())
                : opened;
    }

    private void yieldTo(YieldingBackend old) throws VdpaException {
        try {
            old.yieldStorage();
            yielded = true;
        } catch (BackendException refused) {
            throw BackendErrors.of(refused);
        }
    }

    private void takeBack(OpenBackend next) {
        next.context().close();
        opener.revoke(next.backend());
        reclaim();
    }

    /** Without its storage for itself alone the old backend must not go on: somebody else has begun to use it. */
    private void reclaim() {
        if (yielded && before.backend().backend() instanceof YieldingBackend old) {
            try {
                old.reclaimStorage();
            } catch (BackendException lost) {
                LOG.error("{}: the old backend cannot go on after a swap that failed: {}",
                        before.opener().request().name(), lost.getMessage());
                parts.lost(before.backend());
            }
        }
    }

    private SwapReport report(BackendFactory factory, Duration opening, QueuePause pause) {
        return new SwapReport(
                before.backend().factory().name(),
                factory.name(),
                opener.request().attributes(),
                opening,
                Duration.ofNanos(pause.quiesceNanos()),
                Duration.ofNanos(pause.exchangeNanos()),
                Duration.ofNanos(pause.resumeNanos()),
                pause.inFlight(),
                copied);
    }
}
