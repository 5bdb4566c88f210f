package io.busbar.core.virtio.net;

/**
 * Config space of the network device: byte offsets, all fields little-endian (virtio 1.2, 5.1.4).
 *
 * <pre>
 *   0 mac:6   6 status:2   8 max_virtqueue_pairs:2   10 mtu:2
 *  12 speed:4  16 duplex:1  17 rss_max_key_size:1  18 rss_max_indirection_table_length:2  20 supported_hash_types:4
 * </pre>
 */
public final class NetConfigLayout {

    /** 6 bytes; with MAC. */
    public static final int MAC = 0;

    /** u16, {@code VIRTIO_NET_S_*}; with STATUS. */
    public static final int STATUS = 6;

    /** u16; with MQ. */
    public static final int MAX_VIRTQUEUE_PAIRS = 8;

    /** u16, bytes behind the Ethernet header; with MTU. */
    public static final int MTU = 10;

    /** Bytes of the structure as Linux has it. */
    public static final int BYTES = 24;

    private NetConfigLayout() {
    }
}
