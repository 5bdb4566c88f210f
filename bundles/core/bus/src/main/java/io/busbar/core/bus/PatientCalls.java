package io.busbar.core.bus;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls into parts that others wrote, each on a thread of its own: one that takes too long is named and goes on by itself,
 * so that it holds up its own device and not the bus.
 */
final class PatientCalls {

    private static final Logger LOG = LoggerFactory.getLogger(PatientCalls.class);

    /**
     * Makes something.
     *
     * @param <T> what
     */
    @FunctionalInterface
    interface Making<T> {
        T make() throws VdpaException;
    }

    private final ChangeLock changes;
    private final Duration patience;

    /**
     * Makes them.
     *
     * @param changes  the change that they are part of
     * @param patience how long one may take
     */
    PatientCalls(ChangeLock changes, Duration patience) {
        this.changes = changes;
        this.patience = patience;
    }

    /** Returns how long one may take. */
    Duration patience() {
        return patience;
    }

    /**
     * Calls what ends something, and waits a while for the end.
     *
     * @param what for the log, such as {@code "unbinding disk0"}
     * @param call the call; what it throws is its own to catch
     */
    void call(String what, Runnable call) {
        if (!ends(what, () -> changes.asPart(what, call::run))) {
            LOG.error("{} takes longer than {} s: the bus goes on without waiting for it", what, patience.toSeconds());
        }
    }

    /**
     * Calls what makes something, in the turn of the part that makes it, and waits a while.
     *
     * @param part   who makes it
     * @param what   for sentences, such as {@code "dev add of disk0"}
     * @param making the call
     * @param late   gets what is made when nobody waits for it any more; outside of the change
     * @param <T>    what is made
     * @return what was made
     * @throws VdpaException what it throws; EBUSY if the part is still at something that nobody waited for any more;
     *                       ETIMEDOUT if it takes too long
     */
    <T> T make(PluggedIn<?> part, String what, Making<T> making, Consumer<T> late) throws VdpaException {
        Attempt<T> attempt = new Attempt<>(late);
        ends(what, () -> {
            try {
                changes.asPart(what, () -> part.turn().runAtOnce(what, () -> attempt.made = making.make()));
            } catch (VdpaException refused) {
                attempt.refused = refused;
            } catch (RuntimeException | Error thrown) {
                LOG.error("{} failed", what, thrown);
                attempt.refused = new VdpaException(
                        VdpaError.EIO, Reason.INTERNAL, part.name() + " failed in " + what + ": " + thrown, thrown);
            }
            attempt.end();
        });
        return attempt.result(part.name() + " takes longer than " + patience.toSeconds() + " s for " + what);
    }

    private boolean ends(String what, ChangeLock.Change work) {
        Thread thread = Thread.ofPlatform().daemon().name("busbar-" + what.replace(' ', '-')).start(() -> run(what, work));
        try {
            return thread.join(patience);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private static void run(String what, ChangeLock.Change work) {
        try {
            work.run();
        } catch (VdpaException | RuntimeException | Error thrown) {
            LOG.error("{} failed", what, thrown);
        }
    }

    /** What one call makes: whoever comes second, its end or the end of the patience, knows of the other. */
    private static final class Attempt<T> {
        private final Consumer<T> late;
        private T made;
        private VdpaException refused;
        private boolean ended;
        private boolean abandoned;

        Attempt(Consumer<T> late) {
            this.late = late;
        }

        void end() {
            synchronized (this) {
                ended = true;
                if (!abandoned) {
                    return;
                }
            }
            if (made != null) {
                late.accept(made);
            }
        }

        synchronized T result(String tooLong) throws VdpaException {
            if (!ended) {
                abandoned = true;
                throw new VdpaException(VdpaError.ETIMEDOUT, Reason.INTERNAL, tooLong, null);
            }
            if (refused != null) {
                throw refused;
            }
            return made;
        }
    }
}
