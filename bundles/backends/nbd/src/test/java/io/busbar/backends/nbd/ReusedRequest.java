package io.busbar.backends.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.testkit.TestPayload;

/** A read that is done again and again, and whose end allocates nothing: for tests that count. */
final class ReusedRequest implements BlockRequest, BlockBatch {

    private static final int LENGTH = 4096;

    private final TestPayload payload = TestPayload.ofSizes(LENGTH);
    private volatile BlockStatus status;

    /** Does it, and waits for its end. */
    void on(BlockBackend backend) {
        payload.rewind();
        status = null;
        backend.submit(this);
        while (status == null) {
            Thread.onSpinWait();
        }
        assertThat(status).isEqualTo(BlockStatus.OK);
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public BlockRequest get(int index) {
        return this;
    }

    @Override
    public BlockOperation operation() {
        return BlockOperation.READ;
    }

    @Override
    public long offset() {
        return 0;
    }

    @Override
    public long length() {
        return LENGTH;
    }

    @Override
    public boolean durable() {
        return false;
    }

    @Override
    public boolean mayUnmap() {
        return false;
    }

    @Override
    public TestPayload payload() {
        return payload;
    }

    @Override
    public void onIoThread(BlockTask task) {
        throw new AssertionError("there is room");
    }

    @Override
    public void complete(BlockStatus end) {
        status = end;
    }
}
