package io.busbar.core.virtio.block;

/**
 * Feature bit numbers, request types and status values of the block device (virtio 1.2, 5.2.3 and 5.2.6;
 * {@code virtio_blk.h}).
 */
public final class VirtioBlk {

    /** Config {@code size_max} is valid. */
    public static final int VIRTIO_BLK_F_SIZE_MAX = 1;

    /** Config {@code seg_max} is valid; without it Linux uses one data segment per request. */
    public static final int VIRTIO_BLK_F_SEG_MAX = 2;

    /** Config {@code geometry} is valid. */
    public static final int VIRTIO_BLK_F_GEOMETRY = 4;

    /** The device is read-only. */
    public static final int VIRTIO_BLK_F_RO = 5;

    /** Config {@code blk_size} is valid. */
    public static final int VIRTIO_BLK_F_BLK_SIZE = 6;

    /** {@link #VIRTIO_BLK_T_FLUSH} is understood. */
    public static final int VIRTIO_BLK_F_FLUSH = 9;

    /** Config {@code topology} is valid. */
    public static final int VIRTIO_BLK_F_TOPOLOGY = 10;

    /** The driver may switch between write-back and write-through; needs FLUSH. */
    public static final int VIRTIO_BLK_F_CONFIG_WCE = 11;

    /** Config {@code num_queues} is valid. */
    public static final int VIRTIO_BLK_F_MQ = 12;

    /** {@link #VIRTIO_BLK_T_DISCARD} is understood. */
    public static final int VIRTIO_BLK_F_DISCARD = 13;

    /** {@link #VIRTIO_BLK_T_WRITE_ZEROES} is understood. */
    public static final int VIRTIO_BLK_F_WRITE_ZEROES = 14;

    /** {@link #VIRTIO_BLK_T_GET_LIFETIME} is understood. */
    public static final int VIRTIO_BLK_F_LIFETIME = 15;

    /** {@link #VIRTIO_BLK_T_SECURE_ERASE} is understood. */
    public static final int VIRTIO_BLK_F_SECURE_ERASE = 16;

    /** Zoned block device. */
    public static final int VIRTIO_BLK_F_ZONED = 17;

    /** Read sectors. */
    public static final int VIRTIO_BLK_T_IN = 0;

    /** Write sectors. */
    public static final int VIRTIO_BLK_T_OUT = 1;

    /** Make completed writes stable. */
    public static final int VIRTIO_BLK_T_FLUSH = 4;

    /** Read the serial. */
    public static final int VIRTIO_BLK_T_GET_ID = 8;

    /** Read wear information. */
    public static final int VIRTIO_BLK_T_GET_LIFETIME = 10;

    /** Give ranges back. */
    public static final int VIRTIO_BLK_T_DISCARD = 11;

    /** Make ranges read as zero. */
    public static final int VIRTIO_BLK_T_WRITE_ZEROES = 13;

    /** Make ranges unrecoverable. */
    public static final int VIRTIO_BLK_T_SECURE_ERASE = 14;

    /** Flag of a write-zeroes segment: the range may be given back. */
    public static final int VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP = 1;

    /** Done. */
    public static final byte VIRTIO_BLK_S_OK = 0;

    /** Failed: device error, out of range, or a write to a read-only device. */
    public static final byte VIRTIO_BLK_S_IOERR = 1;

    /** Not understood. */
    public static final byte VIRTIO_BLK_S_UNSUPP = 2;

    /** Bytes of the answer to {@link #VIRTIO_BLK_T_GET_ID}: ASCII, padded with NUL, no terminator when full. */
    public static final int VIRTIO_BLK_ID_BYTES = 20;

    /** Bytes of a sector, whatever the block size: the unit of {@code capacity} and of sector numbers. */
    public static final int SECTOR_BYTES = 512;

    private VirtioBlk() {
    }
}
