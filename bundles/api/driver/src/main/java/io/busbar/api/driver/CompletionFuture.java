package io.busbar.api.driver;

import java.util.concurrent.CompletableFuture;

/**
 * An operation as a future: {@code var done = new CompletionFuture(); disk.flush(done); done.join();}. Cancelling it does
 * not end the operation.
 */
public final class CompletionFuture extends CompletableFuture<Void> implements Completion {

    /** Makes one, for one operation. */
    public CompletionFuture() {
    }

    /** Completes the future, with the failure if there is one. */
    @Override
    public void ended(DriverException failure) {
        if (failure == null) {
            complete(null);
        } else {
            completeExceptionally(failure);
        }
    }
}
