package io.busbar.core.virtio.vhostuser;

/**
 * The header of every message, in both directions (vhost-user, Message Specification).
 *
 * <pre>
 *  0  u32 request
 *  4  u32 flags: bits 0 and 1 the version, bit 2 a reply, bit 3 an acknowledgement is wanted
 *  8  u32 bytes of the payload, which follows
 * 12
 * </pre>
 */
public final class MessageLayout {

    /** Offset of the request's number. */
    public static final int REQUEST = 0;

    /** Offset of the flags. */
    public static final int FLAGS = 4;

    /** Offset of the payload's size in bytes. */
    public static final int SIZE = 8;

    /** Bytes of a header: the payload's offset. */
    public static final int HEADER_BYTES = 12;

    /** The bits of the flags that hold the version. */
    public static final int VERSION_MASK = 0x3;

    /** The one version that there is. */
    public static final int VERSION = 0x1;

    /** Flag: a reply. */
    public static final int REPLY = 0x4;

    /** Flag: the sender waits for an acknowledgement ({@link ProtocolFeature#REPLY_ACK}). */
    public static final int NEED_REPLY = 0x8;

    private MessageLayout() {
    }
}
