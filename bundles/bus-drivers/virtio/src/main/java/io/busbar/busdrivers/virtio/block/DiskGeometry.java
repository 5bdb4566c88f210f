package io.busbar.busdrivers.virtio.block;

import static io.busbar.core.virtio.block.VirtioBlk.SECTOR_BYTES;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.DeviceConfig;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;

/**
 * What a disk is (virtio 1.2, 5.2.4), checked; limits that it does not state are those that virtio gives them.
 *
 * @param features         settled
 * @param capacity         bytes, whole blocks
 * @param blockSize        bytes, a power of two, 512 and up
 * @param physicalBlock    bytes, a multiple of {@code blockSize}
 * @param segmentBytes     most bytes of a data segment, 1 and up
 * @param segments         most data segments of a request, 1 and up
 * @param maxDiscardBytes  most bytes of a discard, whole blocks; 0 if it takes none
 * @param maxZeroesBytes   most bytes of a write of zeroes, whole blocks; 0 if it takes none
 */
record DiskGeometry(
        long features,
        long capacity,
        int blockSize,
        int physicalBlock,
        long segmentBytes,
        int segments,
        long maxDiscardBytes,
        long maxZeroesBytes) {

    private static final int MAX_BLOCK = 1 << 20;
    private static final int MAX_EXPONENT = 12;
    private static final long MAX_PHYSICAL = 1 << 30;

    /**
     * Reads it.
     *
     * @throws VdpaException CONFIG_INVALID if there is no disk like that
     */
    static DiskGeometry of(Offer offer) throws VdpaException {
        DeviceConfig config = offer.config();
        long blockSize = offer.has(VirtioBlk.VIRTIO_BLK_F_BLK_SIZE) ? config.u32(BlockConfigLayout.BLK_SIZE) : SECTOR_BYTES;
        if (blockSize < SECTOR_BYTES || blockSize > MAX_BLOCK || Long.bitCount(blockSize) != 1) {
            throw invalid(offer, "block size " + blockSize + ": expected a power of two from " + SECTOR_BYTES + " to "
                    + MAX_BLOCK);
        }
        int exponent = offer.has(VirtioBlk.VIRTIO_BLK_F_TOPOLOGY)
                ? Math.min(MAX_EXPONENT, config.u8(BlockConfigLayout.PHYSICAL_BLOCK_EXP)) : 0;
        long segmentBytes = offer.has(VirtioBlk.VIRTIO_BLK_F_SIZE_MAX)
                ? config.u32(BlockConfigLayout.SIZE_MAX) : Integer.MAX_VALUE;
        long segments = offer.has(VirtioBlk.VIRTIO_BLK_F_SEG_MAX) ? config.u32(BlockConfigLayout.SEG_MAX) : 1;
        if (segmentBytes < 1 || segments < 1) {
            throw invalid(offer, "segments of " + segmentBytes + " bytes, " + segments + " of them: expected 1 and up");
        }
        return new DiskGeometry(
                offer.features(),
                capacity(config, (int) blockSize),
                (int) blockSize,
                (int) Math.min(MAX_PHYSICAL, blockSize << exponent),
                segmentBytes,
                (int) Math.min(segments, Integer.MAX_VALUE),
                limit(offer, VirtioBlk.VIRTIO_BLK_F_DISCARD, BlockConfigLayout.MAX_DISCARD_SECTORS, blockSize),
                limit(offer, VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES, BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS, blockSize));
    }

    private static long limit(Offer offer, int feature, int field, long blockSize) {
        return offer.has(feature) ? offer.config().u32(field) * SECTOR_BYTES & -blockSize : 0;
    }

    /** Whole blocks; a number of sectors that no disk has is cut to what fits. */
    private static long capacity(DeviceConfig config, int blockSize) {
        long sectors = config.u64(BlockConfigLayout.CAPACITY);
        long most = Long.MAX_VALUE / SECTOR_BYTES;
        return (Long.compareUnsigned(sectors, most) > 0 ? most : sectors) * SECTOR_BYTES & -(long) blockSize;
    }

    private static VdpaException invalid(Offer offer, String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, offer.device() + ": " + sentence, null);
    }

    /** Returns the same disk with the capacity of a new configuration: nothing else of it moves. */
    DiskGeometry with(DeviceConfig config) {
        return new DiskGeometry(features, capacity(config, blockSize), blockSize, physicalBlock, segmentBytes, segments,
                maxDiscardBytes, maxZeroesBytes);
    }

    boolean has(int feature) {
        return VirtioConfig.has(features, feature);
    }

    boolean readOnly() {
        return has(VirtioBlk.VIRTIO_BLK_F_RO);
    }
}
