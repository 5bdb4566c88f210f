package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.memory.Payload;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A request of our own to a disk, one at a time; who submits it waits, and does what its backend would leave to an I/O thread. */
final class CopyRequest implements BlockRequest, BlockBatch {

    private final Payload payload;
    private BlockOperation operation;
    private long offset;
    private long length;
    private volatile CompletableFuture<BlockStatus> end = CompletableFuture.completedFuture(BlockStatus.OK);

    CopyRequest(Payload payload) {
        this.payload = payload;
    }

    /**
     * Has a disk do something.
     *
     * @param patienceNanos how long is waited for its end
     * @return whether it was done
     */
    boolean submit(BlockBackend disk, BlockOperation what, long at, long bytes, long patienceNanos)
            throws InterruptedException {
        if (!end.isDone()) {
            return false; // A backend still has it.
        }
        operation = what;
        offset = at;
        length = bytes;
        boolean data = what == BlockOperation.READ || what == BlockOperation.WRITE;
        payload.limit(data ? bytes : 0).position(0);
        end = new CompletableFuture<>();
        disk.submit(this);
        try {
            return end.get(patienceNanos, TimeUnit.NANOSECONDS) == BlockStatus.OK;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public BlockRequest get(int index) {
        Objects.checkIndex(index, 1);
        return this;
    }

    @Override
    public BlockOperation operation() {
        return operation;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public boolean durable() {
        return false;
    }

    @Override
    public boolean mayUnmap() {
        return true;
    }

    @Override
    public Payload payload() {
        return payload;
    }

    @Override
    public void onIoThread(BlockTask task) {
        task.run(this);
    }

    @Override
    public void complete(BlockStatus status) {
        end.complete(status);
    }
}
