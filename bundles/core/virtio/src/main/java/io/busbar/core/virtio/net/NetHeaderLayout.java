package io.busbar.core.virtio.net;

/**
 * The header in front of each frame ({@code struct virtio_net_hdr}, virtio 1.2, 5.1.6): byte offsets, all fields
 * little-endian. With VERSION_1 it has 12 bytes, with and without mergeable buffers.
 *
 * <pre>
 *  0 flags:1   1 gso_type:1   2 hdr_len:2   4 gso_size:2   6 csum_start:2   8 csum_offset:2   10 num_buffers:2
 * </pre>
 */
public final class NetHeaderLayout {

    /** u8, {@code VIRTIO_NET_HDR_F_*}. */
    public static final int FLAGS = 0;

    /** u8, {@code VIRTIO_NET_HDR_GSO_*}. */
    public static final int GSO_TYPE = 1;

    /** u16, bytes of all headers of the frame: a hint. */
    public static final int HDR_LEN = 2;

    /** u16, the most bytes of data in a segment. */
    public static final int GSO_SIZE = 4;

    /** u16, from which byte of the frame on the checksum is computed. */
    public static final int CSUM_START = 6;

    /** u16, where it goes, from {@link #CSUM_START} on. */
    public static final int CSUM_OFFSET = 8;

    /** u16, receive buffers that the frame fills; 0 on the way out. */
    public static final int NUM_BUFFERS = 10;

    /** Bytes of the header. */
    public static final int BYTES = 12;

    private NetHeaderLayout() {
    }
}
