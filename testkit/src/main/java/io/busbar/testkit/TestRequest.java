package io.busbar.testkit;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** A request to a backend that records how it was completed. */
public final class TestRequest implements BlockRequest {

    private static final int DEADLINE_SECONDS = 30;

    private final BlockOperation operation;
    private final long offset;
    private final long length;
    private final TestPayload payload;
    private final CompletableFuture<BlockStatus> status = new CompletableFuture<>();
    private Executor ioThreads = Runnable::run;
    private boolean durable;
    private boolean mayUnmap;
    private volatile boolean offloaded;

    private TestRequest(BlockOperation operation, long offset, long length, TestPayload payload) {
        this.operation = operation;
        this.offset = offset;
        this.length = length;
        this.payload = payload;
    }

    /** Makes a read into buffers of the given sizes. */
    public static TestRequest read(long offset, long... sizes) {
        return read(offset, TestPayload.ofSizes(sizes));
    }

    /** Makes a read. */
    public static TestRequest read(long offset, TestPayload target) {
        return new TestRequest(BlockOperation.READ, offset, target.remaining(), target);
    }

    /** Makes a write of the given bytes. */
    public static TestRequest write(long offset, byte... content) {
        return write(offset, TestPayload.of(content));
    }

    /** Makes a write. */
    public static TestRequest write(long offset, TestPayload source) {
        return new TestRequest(BlockOperation.WRITE, offset, source.remaining(), source);
    }

    /** Makes a flush. */
    public static TestRequest flush() {
        return new TestRequest(BlockOperation.FLUSH, 0, 0, TestPayload.ofSizes());
    }

    /** Makes a discard. */
    public static TestRequest discard(long offset, long length) {
        return new TestRequest(BlockOperation.DISCARD, offset, length, TestPayload.ofSizes());
    }

    /** Makes a write-zeroes. */
    public static TestRequest writeZeroes(long offset, long length, boolean mayUnmap) {
        TestRequest request = new TestRequest(BlockOperation.WRITE_ZEROES, offset, length, TestPayload.ofSizes());
        request.mayUnmap = mayUnmap;
        return request;
    }

    /** Makes it one that must be stable when it is completed. */
    public TestRequest asDurable() {
        durable = true;
        return this;
    }

    /** Runs the work that is handed to I/O threads elsewhere; at first it is done on the spot. */
    public TestRequest withIoThreads(Executor executor) {
        ioThreads = executor;
        return this;
    }

    /** Submits requests to a backend as one batch. */
    public static void submit(BlockBackend backend, TestRequest... requests) {
        List<TestRequest> all = List.of(requests);
        backend.submit(new BlockBatch() {
            @Override
            public int size() {
                return all.size();
            }

            @Override
            public BlockRequest get(int index) {
                return all.get(index);
            }
        });
    }

    /**
     * Submits it alone and waits for its end.
     *
     * @return how it ended
     * @throws AssertionError if it does not end within a generous deadline
     */
    public BlockStatus on(BlockBackend backend) {
        submit(backend, this);
        return await();
    }

    /**
     * Waits for its end.
     *
     * @return how it ended
     * @throws AssertionError if it does not end within a generous deadline
     */
    public BlockStatus await() {
        try {
            return status.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(operation + " was not completed", e);
        }
    }

    /** Returns whether it has ended. */
    public boolean isDone() {
        return status.isDone();
    }

    /** Returns whether it was handed to an I/O thread. */
    public boolean wasOffloaded() {
        return offloaded;
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
        return durable;
    }

    @Override
    public boolean mayUnmap() {
        return mayUnmap;
    }

    @Override
    public TestPayload payload() {
        return payload;
    }

    @Override
    public void onIoThread(BlockTask task) {
        offloaded = true;
        ioThreads.execute(() -> task.run(this));
    }

    @Override
    public void complete(BlockStatus end) {
        if (!status.complete(end)) {
            throw new IllegalStateException(operation + " was completed already");
        }
    }
}
