package io.busbar.tools.bench.block;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.VirtioBlk.SECTOR_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_BLK_SIZE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SEG_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SIZE_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;

import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.tools.bench.vhostuser.FrontEndException;
import java.nio.ByteBuffer;

/**
 * What a block device says about itself (virtio 1.2, 5.2.4).
 *
 * @param capacity           sectors of 512 bytes
 * @param blockSize          bytes, a power of two from 512 on
 * @param sizeMax            most bytes of a data segment
 * @param segMax             most data segments of a request
 * @param maxDiscard         most sectors of one discard; 0 if there is none
 * @param maxWriteZeroes     most sectors of one write zeroes; 0 if there is none
 */
public record BlockConfig(
        long capacity, int blockSize, long sizeMax, int segMax, long maxDiscard, long maxWriteZeroes) {

    private static final int MOST_SEGMENTS = 126;
    private static final int MOST_SEGMENT_BYTES = 1 << 20;
    private static final int MOST_BLOCK_BYTES = 1 << 16;

    /**
     * Reads the configuration.
     *
     * @param bytes    {@link BlockConfigLayout}
     * @param features offered by the device; fields without their feature have the standard's defaults
     * @return what it says
     * @throws FrontEndException if a value cannot be
     */
    static BlockConfig read(ByteBuffer bytes, long features) throws FrontEndException {
        long capacity = bytes.getLong(BlockConfigLayout.CAPACITY);
        if (capacity < 0 || capacity > Long.MAX_VALUE / SECTOR_BYTES) {
            throw new FrontEndException("capacity of " + Long.toUnsignedString(capacity)
                    + " sectors: expected less than 2^54");
        }
        int blockSize = has(features, VIRTIO_BLK_F_BLK_SIZE) ? bytes.getInt(BlockConfigLayout.BLK_SIZE) : SECTOR_BYTES;
        if (blockSize < SECTOR_BYTES || blockSize > MOST_BLOCK_BYTES || Integer.bitCount(blockSize) != 1) {
            throw new FrontEndException("block size " + Integer.toUnsignedString(blockSize)
                    + ": expected a power of two, 512 to " + MOST_BLOCK_BYTES);
        }
        return new BlockConfig(capacity, blockSize,
                limit(bytes, features, VIRTIO_BLK_F_SIZE_MAX, BlockConfigLayout.SIZE_MAX, MOST_SEGMENT_BYTES),
                (int) limit(bytes, features, VIRTIO_BLK_F_SEG_MAX, BlockConfigLayout.SEG_MAX, MOST_SEGMENTS),
                optional(bytes, features, VIRTIO_BLK_F_DISCARD, BlockConfigLayout.MAX_DISCARD_SECTORS),
                optional(bytes, features, VIRTIO_BLK_F_WRITE_ZEROES, BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS));
    }

    private static long limit(ByteBuffer bytes, long features, int feature, int offset, int most) {
        long value = optional(bytes, features, feature, offset);
        return value == 0 ? most : Math.min(value, most);
    }

    private static long optional(ByteBuffer bytes, long features, int feature, int offset) {
        return has(features, feature) ? Integer.toUnsignedLong(bytes.getInt(offset)) : 0;
    }

    /** Returns the size of the disk. */
    public long bytes() {
        return capacity * SECTOR_BYTES;
    }
}
