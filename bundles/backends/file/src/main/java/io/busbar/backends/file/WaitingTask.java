package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockTask;
import io.busbar.core.linux.Fd;

/**
 * Work on a request that may wait for the disk: holds on to the file while it lasts, and ends the request by what it says.
 * A file that was closed meanwhile is an error of the request.
 */
final class WaitingTask implements BlockTask {

    private final Fd fd;
    private final Work work;

    /** What is done. */
    interface Work {

        /** Returns whether all of it was done. */
        boolean doneFor(BlockRequest request);
    }

    WaitingTask(Fd fd, Work work) {
        this.fd = fd;
        this.work = work;
    }

    @Override
    public void run(BlockRequest request) {
        boolean done = fd.retain();
        if (done) {
            try {
                done = work.doneFor(request);
            } finally {
                fd.release();
            }
        }
        Progress.end(request, done);
    }
}
