package io.busbar.devices.block;

import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_BLK_SIZE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_MQ;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_RO;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SEG_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SIZE_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_TOPOLOGY;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;

import io.busbar.api.backend.BlockInfo;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.block.BlockConfigLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a driver is promised (virtio 1.2, 5.2.3 and 5.2.4), fixed by the first backend: later ones must keep it. Only the
 * capacity and the cache mode move.
 *
 * @param features  bits of the device type
 * @param queues    number of request queues
 * @param blockSize logical block, bytes: the unit of every transfer
 * @param alignment physical block, bytes, at least {@code blockSize}
 */
record BlockOffer(long features, int queues, int blockSize, int alignment) {

    /**
     * Most data segments of a request. With header and status this fits into a queue of 128, the smallest that the
     * front-ends which we know set up, also where they use no indirect descriptors.
     */
    static final int SEG_MAX = 126;

    /**
     * Most bytes of a data segment. Linux makes it the limit up to which neighbouring pages become one segment: as long
     * as it is no less than a usual request (128 KiB to 1280 KiB) it costs no descriptors.
     */
    static final int SIZE_MAX = 1 << 20;

    /** Most bytes of a transfer: what a driver can ask for that keeps to both limits. */
    static final long MAX_TRANSFER = (long) SEG_MAX * SIZE_MAX;

    /** Most segments of one discard or write-zeroes request. */
    static final int MAX_RANGES = 16;

    /** Most sectors of one discard or write-zeroes segment: 2 GiB. */
    static final int MAX_RANGE_SECTORS = 1 << 22;

    private static final int MAX_MIN_IO = 0xffff;

    static BlockOffer of(BlockOptions options, BlockInfo info) throws VdpaException {
        int blockSize = options.blockSize().orElse(info.transferAlign());
        if (blockSize > BlockOptions.MAX_BLOCK_SIZE) {
            throw refused("the backend transfers blocks of " + blockSize + " bytes: expected up to "
                    + BlockOptions.MAX_BLOCK_SIZE);
        }
        BlockOffer offer = new BlockOffer(
                features(options, info), options.queues(), blockSize, Math.max(blockSize, info.alignment()));
        offer.requireBlocks(info);
        return offer;
    }

    private static long features(BlockOptions options, BlockInfo info) {
        long features = bit(VIRTIO_BLK_F_SIZE_MAX) | bit(VIRTIO_BLK_F_SEG_MAX) | bit(VIRTIO_BLK_F_BLK_SIZE)
                | bit(VIRTIO_BLK_F_TOPOLOGY);
        if (options.queues() > 1) {
            features |= bit(VIRTIO_BLK_F_MQ);
        }
        if (info.flush()) {
            features |= bit(VIRTIO_BLK_F_FLUSH) | bit(VIRTIO_BLK_F_CONFIG_WCE);
        }
        if (info.readOnly()) {
            return features | bit(VIRTIO_BLK_F_RO);
        }
        if (info.discard()) {
            features |= bit(VIRTIO_BLK_F_DISCARD);
        }
        if (info.writeZeroes()) {
            features |= bit(VIRTIO_BLK_F_WRITE_ZEROES);
        }
        return features;
    }

    /** Checks that a later backend keeps the promise. */
    void requireKeptBy(BlockInfo info) throws VdpaException {
        if (info.readOnly() && !readOnly()) {
            throw refused("the backend is read-only, but the driver was told that the disk is writable");
        }
        if (!info.discard() && has(features, VIRTIO_BLK_F_DISCARD)) {
            throw refused("the backend has no discard, but the driver was told that the disk has");
        }
        if (!info.writeZeroes() && has(features, VIRTIO_BLK_F_WRITE_ZEROES)) {
            throw refused("the backend has no write zeroes, but the driver was told that the disk has");
        }
        requireBlocks(info);
    }

    private void requireBlocks(BlockInfo info) throws VdpaException {
        if (blockSize < info.transferAlign()) {
            throw refused("block size " + blockSize + ": expected at least " + info.transferAlign()
                    + " bytes, in which the backend transfers");
        }
        if (info.capacity() % blockSize != 0) {
            throw new VdpaException(VdpaError.EINVAL, "capacity of " + info.capacity()
                    + " bytes: expected a multiple of the block size, " + blockSize + " bytes");
        }
    }

    boolean readOnly() {
        return has(features, VIRTIO_BLK_F_RO);
    }

    /** Returns the capacity as the driver sees it, bytes: whole blocks. */
    long capacity(BlockInfo info) {
        return info.capacity() & -(long) blockSize;
    }

    /** Returns the configuration space. */
    byte[] config(long capacity, boolean writeBack) {
        ByteBuffer config = ByteBuffer.allocate(BlockConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.putLong(BlockConfigLayout.CAPACITY, capacity / BlockInfo.SECTOR);
        config.putInt(BlockConfigLayout.SIZE_MAX, SIZE_MAX);
        config.putInt(BlockConfigLayout.SEG_MAX, SEG_MAX);
        config.putInt(BlockConfigLayout.BLK_SIZE, blockSize);
        config.put(BlockConfigLayout.PHYSICAL_BLOCK_EXP, (byte) Integer.numberOfTrailingZeros(alignment / blockSize));
        config.putShort(BlockConfigLayout.MIN_IO_SIZE, (short) Math.min(MAX_MIN_IO, alignment / blockSize));
        config.put(BlockConfigLayout.WRITEBACK, (byte) (writeBack ? 1 : 0));
        config.putShort(BlockConfigLayout.NUM_QUEUES, (short) queues);
        if (has(features, VIRTIO_BLK_F_DISCARD)) {
            config.putInt(BlockConfigLayout.MAX_DISCARD_SECTORS, MAX_RANGE_SECTORS);
            config.putInt(BlockConfigLayout.MAX_DISCARD_SEG, MAX_RANGES);
            config.putInt(BlockConfigLayout.DISCARD_SECTOR_ALIGNMENT, alignment / BlockInfo.SECTOR);
        }
        if (has(features, VIRTIO_BLK_F_WRITE_ZEROES)) {
            config.putInt(BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS, MAX_RANGE_SECTORS);
            config.putInt(BlockConfigLayout.MAX_WRITE_ZEROES_SEG, MAX_RANGES);
            config.put(BlockConfigLayout.WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        }
        return config.array();
    }

    private static VdpaException refused(String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, sentence, null);
    }
}
