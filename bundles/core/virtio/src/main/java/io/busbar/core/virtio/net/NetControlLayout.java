package io.busbar.core.virtio.net;

/**
 * A command on the control queue as two streams of bytes, whatever its framing into descriptors (virtio 1.2, 5.1.6.5).
 *
 * <pre>
 *  readable:  0 class:1   1 command:1   2 data...
 *  writable:  0 ack:1
 * </pre>
 */
public final class NetControlLayout {

    /** u8, {@code VIRTIO_NET_CTRL_*}. */
    public static final int CLASS = 0;

    /** u8, one of the class. */
    public static final int COMMAND = 1;

    /** Bytes before the data. */
    public static final int HEADER_BYTES = 2;

    /** Bytes of the count in front of a list of MAC addresses. */
    public static final int MAC_COUNT_BYTES = 4;

    private NetControlLayout() {
    }
}
