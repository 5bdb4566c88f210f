package io.busbar.core.virtio.block;

/**
 * A block request as two streams of bytes, whatever its framing into descriptors (virtio 1.2, 5.2.6), and the segments
 * that discard, write zeroes and secure erase carry. All fields little-endian.
 *
 * <pre>
 *  readable:  0 type:4   4 reserved:4   8 sector:8   16 data...
 *  writable:  data...    last byte: status:1
 *  segment:   0 sector:8   8 num_sectors:4   12 flags:4
 * </pre>
 */
public final class BlockRequestLayout {

    /** u32, one of {@code VIRTIO_BLK_T_*}. */
    public static final int TYPE = 0;

    /** u64, in sectors of 512 bytes. */
    public static final int SECTOR = 8;

    /** Bytes of the header, after which readable data begins. */
    public static final int HEADER_BYTES = 16;

    /** Bytes of the status, the last of the writable stream. */
    public static final int STATUS_BYTES = 1;

    /** In a segment: u64, in sectors of 512 bytes. */
    public static final int SEGMENT_SECTOR = 0;

    /** In a segment: u32, sectors of 512 bytes. */
    public static final int SEGMENT_NUM_SECTORS = 8;

    /** In a segment: u32, bit 0 is unmap. */
    public static final int SEGMENT_FLAGS = 12;

    /** Bytes of a segment. */
    public static final int SEGMENT_BYTES = 16;

    private BlockRequestLayout() {
    }
}
