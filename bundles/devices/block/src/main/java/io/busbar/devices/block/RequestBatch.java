package io.busbar.devices.block;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockRequest;
import java.util.Objects;

/** Requests on their way to the backend; filled and emptied again and again by the thread that owns the queue. */
final class RequestBatch implements BlockBatch {

    private static final int CAPACITY = 256;

    private final BlockRequest[] requests = new BlockRequest[CAPACITY];
    private int size;

    /** Adds a request; submits first if the batch is full. */
    void add(BlockRequest request, BlockBackend backend) {
        if (size == CAPACITY) {
            submit(backend);
        }
        requests[size++] = request;
    }

    /** Hands over what there is. */
    void submit(BlockBackend backend) {
        if (size == 0) {
            return;
        }
        try {
            backend.submit(this);
        } finally {
            clear();
        }
    }

    /** Forgets what there is. */
    void clear() {
        size = 0;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public BlockRequest get(int index) {
        return requests[Objects.checkIndex(index, size)];
    }
}
