package io.busbar.devices.block;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A disk in an array that records what it is asked, and answers as the test wants. */
final class ArrayDisk implements BlockBackend {

    /** What was asked. */
    record Asked(BlockOperation operation, long offset, long length, boolean durable, boolean mayUnmap) {
    }

    final byte[] content;
    final List<Asked> asked = new ArrayList<>();
    final List<BlockRequest> held = new ArrayList<>();
    volatile BlockInfo info;
    BlockStatus answer = BlockStatus.OK;
    boolean holding;
    boolean throwing;

    ArrayDisk(BlockInfo info) {
        this.info = info;
        this.content = new byte[(int) info.capacity()];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i / 512 + 1);
        }
    }

    /** A disk with a volatile cache, discard and write zeroes. */
    static ArrayDisk cached(long capacity) {
        return new ArrayDisk(new BlockInfo(capacity, false, true, true, true, 4096, 512));
    }

    /** Says from now on that it has another capacity. */
    void sayCapacity(long capacity) {
        info = new BlockInfo(capacity, info.readOnly(), info.flush(), info.discard(), info.writeZeroes(),
                info.alignment(), info.transferAlign());
    }

    Asked last() {
        return asked.getLast();
    }

    @Override
    public BlockInfo info() {
        return info;
    }

    @Override
    public void submit(BlockBatch batch) {
        if (throwing) {
            throw new IllegalStateException("submit threw");
        }
        for (int i = 0; i < batch.size(); i++) {
            BlockRequest request = batch.get(i);
            asked.add(new Asked(request.operation(), request.offset(), request.length(), request.durable(),
                    request.mayUnmap()));
            if (holding) {
                held.add(request);
            } else {
                end(request);
            }
        }
    }

    void end(BlockRequest request) {
        if (answer == BlockStatus.OK) {
            execute(request);
        }
        request.complete(answer);
    }

    private void execute(BlockRequest request) {
        int from = (int) request.offset();
        int to = (int) (request.offset() + request.length());
        MemorySegment disk = MemorySegment.ofArray(content);
        switch (request.operation()) {
            case READ -> request.payload().copyFrom(disk, from, request.length());
            case WRITE -> request.payload().copyTo(disk, from, request.length());
            case WRITE_ZEROES, DISCARD -> Arrays.fill(content, from, to, (byte) 0);
            case FLUSH -> {
            }
        }
    }

    @Override
    public void close() {
    }
}
