package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.FencedBackend;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks a backend, whose requests were taken away from it, whether its storage is free of them; as often as it cannot say yet. One
 * that does not answer is asked no second time before it has. For one thread at a time.
 */
final class StorageFence {

    /** A backend promises an answer within a second. */
    private static final long ANSWER_MILLIS = 2000;

    private final String device;
    private final OpenBackend backend;
    private final FencedBackend fenced;
    private FutureTask<Void> asked;

    StorageFence(String device, OpenBackend backend, FencedBackend fenced) {
        this.device = device;
        this.backend = backend;
        this.fenced = fenced;
    }

    /** Returns whom it asks. */
    OpenBackend backend() {
        return backend;
    }

    /**
     * Returns when the storage is free.
     *
     * @throws VdpaException EIO if it is not known to be: with {@code BACKEND_STUCK} as long as that may change, and
     *                       {@code BACKEND_FAILED} if it will not
     */
    void raise() throws VdpaException {
        if (asked == null || asked.isDone()) {
            asked = new FutureTask<>(() -> {
                fenced.fenceStorage();
                return null;
            });
            Thread.ofPlatform().daemon().name("busbar-fence-" + device).start(asked);
        }
        try {
            asked.get(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw unknown(Reason.BACKEND_STUCK, "backend " + backend.factory().name() + " has not said within " + ANSWER_MILLIS
                    + " ms whether its storage is free of what was taken away from it", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unknown(Reason.BACKEND_STUCK, "interrupted while the backend was asked whether its storage is free", e);
        } catch (ExecutionException e) {
            throw answer(e.getCause());
        }
    }

    private static VdpaException answer(Throwable thrown) {
        return thrown instanceof BackendException unsure
                ? unknown(unsure.kind() == BackendException.Kind.IN_USE ? Reason.BACKEND_STUCK : Reason.BACKEND_FAILED,
                        unsure.getMessage(), unsure)
                : unknown(Reason.BACKEND_FAILED, "the backend threw " + thrown, thrown);
    }

    private static VdpaException unknown(Reason reason, String sentence, Throwable cause) {
        return new VdpaException(VdpaError.EIO, reason, sentence, cause);
    }
}
