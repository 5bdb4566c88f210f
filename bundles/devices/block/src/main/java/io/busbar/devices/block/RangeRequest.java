package io.busbar.devices.block;

import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.Payload;

/** One range of a discard or write-zeroes request: the backend sees ranges, the driver the request as a whole. */
final class RangeRequest implements BlockRequest {

    private static final ChainTask RUN = (chain, range) -> ((RangeRequest) range).runTask();

    private final ChainRequest whole;
    private long offset;
    private long length;
    private boolean mayUnmap;
    private BlockTask task;
    private boolean open;

    RangeRequest(ChainRequest whole) {
        this.whole = whole;
    }

    void set(long rangeOffset, long rangeLength, boolean unmap) {
        offset = rangeOffset;
        length = rangeLength;
        mayUnmap = unmap;
        open = true;
    }

    @Override
    public BlockOperation operation() {
        return whole.operation();
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
        return whole.durable();
    }

    @Override
    public boolean mayUnmap() {
        return mayUnmap;
    }

    @Override
    public Payload payload() {
        return whole.payload();
    }

    @Override
    public void onIoThread(BlockTask work) {
        task = work;
        whole.chain().onIoThread(RUN, this);
    }

    private void runTask() {
        task.run(this);
    }

    @Override
    public void complete(BlockStatus status) {
        if (!open) {
            throw new IllegalStateException(operation() + " was completed already");
        }
        open = false;
        whole.rangeEnded(status);
    }
}
