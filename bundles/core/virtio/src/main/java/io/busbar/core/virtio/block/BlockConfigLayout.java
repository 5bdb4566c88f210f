package io.busbar.core.virtio.block;

/**
 * Config space of the block device: byte offsets, all fields little-endian (virtio 1.2, 5.2.4).
 *
 * <pre>
 *   0 capacity:8   8 size_max:4   12 seg_max:4
 *  16 cylinders:2  18 heads:1     19 sectors:1
 *  20 blk_size:4   24 physical_block_exp:1  25 alignment_offset:1  26 min_io_size:2  28 opt_io_size:4
 *  32 writeback:1  33 unused:1    34 num_queues:2
 *  36 max_discard_sectors:4       40 max_discard_seg:4             44 discard_sector_alignment:4
 *  48 max_write_zeroes_sectors:4  52 max_write_zeroes_seg:4        56 write_zeroes_may_unmap:1  57 unused:3
 *  60 max_secure_erase_sectors:4  64 max_secure_erase_seg:4        68 secure_erase_sector_alignment:4
 *  72 zoned: 24 bytes
 * </pre>
 */
public final class BlockConfigLayout {

    /** u64, sectors of 512 bytes; always valid. */
    public static final int CAPACITY = 0;

    /** u32, most bytes of one data segment; with SIZE_MAX. */
    public static final int SIZE_MAX = 8;

    /** u32, most data segments of one request; with SEG_MAX. */
    public static final int SEG_MAX = 12;

    /** u16; with GEOMETRY. */
    public static final int GEOMETRY_CYLINDERS = 16;

    /** u8; with GEOMETRY. */
    public static final int GEOMETRY_HEADS = 18;

    /** u8; with GEOMETRY. */
    public static final int GEOMETRY_SECTORS = 19;

    /** u32, logical block size in bytes; with BLK_SIZE. */
    public static final int BLK_SIZE = 20;

    /** u8, log2 of logical blocks per physical block; with TOPOLOGY. */
    public static final int PHYSICAL_BLOCK_EXP = 24;

    /** u8, logical blocks before the first aligned one; with TOPOLOGY. */
    public static final int ALIGNMENT_OFFSET = 25;

    /** u16, suggested least I/O in logical blocks; with TOPOLOGY. */
    public static final int MIN_IO_SIZE = 26;

    /** u32, suggested best I/O in logical blocks; with TOPOLOGY. */
    public static final int OPT_IO_SIZE = 28;

    /** u8, 0 write-through, 1 write-back; the one field that a driver writes; with CONFIG_WCE. */
    public static final int WRITEBACK = 32;

    /** u16; with MQ. */
    public static final int NUM_QUEUES = 34;

    /** u32, sectors of 512 bytes; with DISCARD. */
    public static final int MAX_DISCARD_SECTORS = 36;

    /** u32; with DISCARD. */
    public static final int MAX_DISCARD_SEG = 40;

    /** u32, sectors of 512 bytes; with DISCARD. */
    public static final int DISCARD_SECTOR_ALIGNMENT = 44;

    /** u32, sectors of 512 bytes; with WRITE_ZEROES. */
    public static final int MAX_WRITE_ZEROES_SECTORS = 48;

    /** u32; with WRITE_ZEROES. */
    public static final int MAX_WRITE_ZEROES_SEG = 52;

    /** u8, whether write zeroes with UNMAP may give ranges back; with WRITE_ZEROES. */
    public static final int WRITE_ZEROES_MAY_UNMAP = 56;

    /** u32, sectors of 512 bytes; with SECURE_ERASE. */
    public static final int MAX_SECURE_ERASE_SECTORS = 60;

    /** u32; with SECURE_ERASE. */
    public static final int MAX_SECURE_ERASE_SEG = 64;

    /** u32, sectors of 512 bytes; with SECURE_ERASE. */
    public static final int SECURE_ERASE_SECTOR_ALIGNMENT = 68;

    /** Bytes up to and with write zeroes, padded: what QEMU calls the config of a device without newer features. */
    public static final int BYTES_WITH_WRITE_ZEROES = 60;

    /** Bytes of the whole structure. */
    public static final int BYTES = 96;

    private BlockConfigLayout() {
    }
}
