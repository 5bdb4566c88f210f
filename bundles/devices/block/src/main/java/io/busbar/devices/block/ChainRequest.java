package io.busbar.devices.block;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_IOERR;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_UNSUPP;

import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.Payload;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.devices.block.QueueCounters.Counter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The record of one chain from its taking to its completion; one per slot of the queue, used again and again.
 *
 * <p>It ends by a status in the last device-writable byte. The length that is reported with it covers all bytes before,
 * so those that nobody filled are made zero: a driver never sees what its buffers held before as if the device had
 * written it (threat: stale memory taken for data).
 */
final class ChainRequest implements BlockRequest {

    /** Bytes that are zeroed on the thread at hand; more goes to an I/O thread. */
    private static final long INLINE_ZEROES = 1 << 20;

    private static final ChainTask RUN = (chain, request) -> ((ChainRequest) request).runTask();
    private static final ChainTask END = (chain, request) -> ((ChainRequest) request).end();
    private static final VarHandle PENDING;
    private static final VarHandle FAILURE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            PENDING = lookup.findVarHandle(ChainRequest.class, "pending", int.class);
            FAILURE = lookup.findVarHandle(ChainRequest.class, "failure", byte.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final QueueCounters counters;
    private Chain chain;
    private long dataBytes;
    private long answered;
    private byte outcome;

    private BlockOperation operation;
    private long offset;
    private long length;
    private boolean durable;
    private Payload payload;
    private BlockTask task;

    private RangeRequest[] ranges = {};
    private int pending;
    private byte failure;

    ChainRequest(QueueCounters counters) {
        this.counters = counters;
    }

    /**
     * Takes a chain.
     *
     * @param taken     the chain
     * @param dataBytes device-writable bytes before the status
     */
    void begin(Chain taken, long dataBytes) {
        chain = taken;
        this.dataBytes = dataBytes;
        answered = 0;
    }

    Chain chain() {
        return chain;
    }

    long dataBytes() {
        return dataBytes;
    }

    /** Says how many bytes of the device-writable data were filled. */
    void answered(long bytes) {
        answered = bytes;
    }

    /** Makes it a request to the backend. */
    void set(BlockOperation what, long diskOffset, long bytes, boolean stable, Payload data) {
        operation = what;
        offset = diskOffset;
        length = bytes;
        durable = stable;
        payload = data;
    }

    /** Makes it a request of several ranges, each of which ends on its own. */
    void expect(BlockOperation what, boolean stable, Payload spent, int count) {
        set(what, 0, 0, stable, spent);
        failure = VIRTIO_BLK_S_OK;
        pending = count;
        if (ranges.length < count) {
            makeRanges();
        }
    }

    /** Once per slot, at its first request of this kind. */
    private void makeRanges() {
        ranges = new RangeRequest[BlockOffer.MAX_RANGES];
        for (int i = 0; i < ranges.length; i++) {
            ranges[i] = new RangeRequest(this);
        }
    }

    RangeRequest range(int index) {
        return ranges[index];
    }

    /** One range has ended; on any thread. The last one ends the request, with the first failure if there was one. */
    void rangeEnded(BlockStatus status) {
        byte code = code(status);
        if (code != VIRTIO_BLK_S_OK) {
            FAILURE.compareAndSet(this, VIRTIO_BLK_S_OK, code);
        }
        // Reading 1 happens after every other range's decrement, and so sees its failure.
        if ((int) PENDING.getAndAdd(this, -1) == 1) {
            finish(failure);
        }
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
        return false;
    }

    @Override
    public Payload payload() {
        return payload;
    }

    @Override
    public void onIoThread(BlockTask work) {
        task = work;
        chain.onIoThread(RUN, this);
    }

    private void runTask() {
        task.run(this);
    }

    @Override
    public void complete(BlockStatus status) {
        if (chain == null) {
            counters.addShared(Counter.COMPLETED_TWICE);
            throw new IllegalStateException(operation + " was completed already");
        }
        if (status == BlockStatus.OK && operation == BlockOperation.READ) {
            answered = dataBytes;
        }
        finish(code(status));
    }

    private static byte code(BlockStatus status) {
        return switch (status) {
            case OK -> VIRTIO_BLK_S_OK;
            case IO_ERROR -> VIRTIO_BLK_S_IOERR;
            case UNSUPPORTED -> VIRTIO_BLK_S_UNSUPP;
        };
    }

    /** Ends the request with a status; on any thread. */
    void finish(byte status) {
        outcome = status;
        if (dataBytes - answered > INLINE_ZEROES) {
            chain.onIoThread(END, this);
        } else {
            end();
        }
    }

    private void end() {
        Chain ended = chain;
        Payload writable = ended.writable();
        writable.limit(writable.size()).position(answered);
        boolean whole = zeroes(writable, dataBytes - answered) && writable.fill(outcome, 1) == 1;
        // Not before: what was taken away from its backend throws until here, and is somebody else's to count.
        count(outcome);
        if (!whole) {
            counters.addShared(Counter.MALFORMED);
        }
        complete(ended, whole ? dataBytes + BlockRequestLayout.STATUS_BYTES : 0);
    }

    private static boolean zeroes(Payload writable, long bytes) {
        long left = bytes;
        while (left > 0) {
            long done = writable.fill((byte) 0, Math.min(left, INLINE_ZEROES));
            if (done <= 0) {
                return false;
            }
            left -= done;
        }
        return true;
    }

    private void count(byte status) {
        if (status == VIRTIO_BLK_S_IOERR) {
            counters.addShared(Counter.ERRORS);
        } else if (status == VIRTIO_BLK_S_UNSUPP) {
            counters.addShared(Counter.UNSUPPORTED);
        }
    }

    /**
     * Ends a chain that is no request: length 0 says that nothing was written. A driver that looks at its status byte
     * all the same finds an error there, if there is such a byte.
     */
    void drop() {
        counters.addShared(Counter.MALFORMED);
        Chain ended = chain;
        Payload writable = ended.writable();
        if (ended.lastByteReachable()) {
            writable.limit(writable.size()).position(writable.size() - BlockRequestLayout.STATUS_BYTES);
            writable.fill(VIRTIO_BLK_S_IOERR, 1);
        }
        complete(ended, 0);
    }

    /** The chain's completion frees the slot: this object may be in use for another chain before the call returns. */
    private void complete(Chain ended, long written) {
        chain = null;
        payload = null;
        ended.complete(written);
    }
}
