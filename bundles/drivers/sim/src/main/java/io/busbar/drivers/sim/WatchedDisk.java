package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.memory.Payload;

/** Stands before a disk while its content is copied, and marks what is written. Closing it does nothing: the disk is not its own. */
final class WatchedDisk implements BlockBackend {

    private final BlockBackend disk;
    private final Dirt dirt;

    WatchedDisk(BlockBackend disk, Dirt dirt) {
        this.disk = disk;
        this.dirt = dirt;
    }

    @Override
    public BlockInfo info() {
        return disk.info();
    }

    @Override
    public void submit(BlockBatch batch) {
        BlockRequest[] requests = new BlockRequest[batch.size()];
        for (int i = 0; i < requests.length; i++) {
            BlockRequest request = batch.get(i);
            requests[i] = changes(request.operation()) ? watched(request) : request;
        }
        disk.submit(new Batch(requests));
    }

    private static boolean changes(BlockOperation operation) {
        return switch (operation) {
            case WRITE, DISCARD, WRITE_ZEROES -> true;
            case READ, FLUSH -> false;
        };
    }

    private Watched watched(BlockRequest request) {
        dirt.mark(request.offset(), request.length());
        return new Watched(request, dirt);
    }

    @Override
    public void close() {
        // The disk is closed by its owner.
    }

    private record Batch(BlockRequest[] requests) implements BlockBatch {

        @Override
        public int size() {
            return requests.length;
        }

        @Override
        public BlockRequest get(int index) {
            return requests[index];
        }
    }

    /** A request that marks its range again at its end, before its driver is told. */
    private record Watched(BlockRequest request, Dirt dirt) implements BlockRequest {

        @Override
        public BlockOperation operation() {
            return request.operation();
        }

        @Override
        public long offset() {
            return request.offset();
        }

        @Override
        public long length() {
            return request.length();
        }

        @Override
        public boolean durable() {
            return request.durable();
        }

        @Override
        public boolean mayUnmap() {
            return request.mayUnmap();
        }

        @Override
        public Payload payload() {
            return request.payload();
        }

        @Override
        public void onIoThread(BlockTask task) {
            request.onIoThread(_ -> task.run(this));
        }

        @Override
        public void complete(BlockStatus status) {
            dirt.mark(request.offset(), request.length());
            request.complete(status);
        }
    }
}
