package io.busbar.core.virtio.vop;

import java.nio.ByteBuffer;

/**
 * The header of an entry ({@code struct mic_device_desc}).
 *
 * <pre>
 *  0 type:1   1 num_vq:1   2 feature_len:1   3 config_len:1   4 status:1   5 pad:3
 * </pre>
 *
 * @param type       virtio device id, 1 to 127; {@link #END} or {@link #REMOVED}
 * @param queues     0 to 255; of an entry that is published 0 to {@link #MAX_QUEUES}
 * @param featureLen bytes of one of the two arrays of features, 0 to 255
 * @param configLen  bytes of the configuration, 0 to 255
 * @param status     virtio device status, 0 to 255
 */
public record DeviceDesc(int type, int queues, int featureLen, int configLen, int status) {

    /** As type: no entry follows. */
    public static final int END = 0;

    /** As type: the entry was removed, and is skipped by its size. */
    public static final int REMOVED = -1;

    /** The most queues of a device ({@code MIC_MAX_VRINGS}). */
    public static final int MAX_QUEUES = 4;

    /** Bytes. */
    public static final int BYTES = 8;

    /** Offset of {@link #type}, which is written alone, as the last of an entry. */
    public static final int TYPE = 0;

    /** Offset of {@link #status}, which is written alone. */
    public static final int STATUS = 4;

    /**
     * Reads it.
     *
     * @param bytes  of a page
     * @param offset of the entry in them
     */
    public static DeviceDesc decode(byte[] bytes, int offset) {
        return new DeviceDesc(bytes[offset], Byte.toUnsignedInt(bytes[offset + 1]), Byte.toUnsignedInt(bytes[offset + 2]),
                Byte.toUnsignedInt(bytes[offset + 3]), Byte.toUnsignedInt(bytes[offset + STATUS]));
    }

    /**
     * Writes it.
     *
     * @param target at whose position it begins
     */
    void encode(ByteBuffer target) {
        target.put((byte) type).put((byte) queues).put((byte) featureLen).put((byte) configLen).put((byte) status).put(new byte[3]);
    }
}
