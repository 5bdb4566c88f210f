package io.busbar.drivers.sim;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;

/**
 * A disk that was opened for writing, as its content was copied to it, and stands in the place of one that a driver cannot write.
 * Closing it does nothing: the disk is not its own.
 *
 * @param disk the disk
 * @param told what the one before said of itself
 */
record ReadOnlyDisk(BlockBackend disk, BlockInfo told) implements BlockBackend {

    @Override
    public BlockInfo info() {
        BlockInfo now = disk.info();
        return new BlockInfo(now.capacity(), true, told.flush() && now.flush(), false, false, now.alignment(), now.transferAlign());
    }

    @Override
    public void submit(BlockBatch batch) {
        disk.submit(batch);
    }

    @Override
    public void close() {
        // The disk is closed by its owner.
    }
}
