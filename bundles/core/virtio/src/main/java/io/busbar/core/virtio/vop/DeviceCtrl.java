package io.busbar.core.virtio.vop;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the two ends of an entry ask each other ({@code struct mic_device_ctrl}).
 *
 * <pre>
 *  0 vdev:8   8 config_change:1   9 vdev_reset:1   10 guest_ack:1   11 host_ack:1   12 used_address_updated:1
 *  13 c2h_vdev_db:1   14 h2c_vdev_db:1   15 pad:1
 * </pre>
 *
 * @param vdev               the card's own; the host never looks at it, and no end takes it for an address
 * @param configChange       {@link #NONE}, {@link #DEV_REMOVE} or {@link #CONFIG_CHANGED}
 * @param reset              1: the card asks for a reset
 * @param guestAck           1: the card has done what {@code configChange} asked
 * @param hostAck            1: the host has done the reset
 * @param usedAddressUpdated 1: the used addresses of the queues are right; the host clears it when it has taken them
 * @param hostDb             the host's doorbell of this device; -1 for none
 * @param cardDb             the card's doorbell of this device; -1 for none
 */
public record DeviceCtrl(
        long vdev, int configChange, int reset, int guestAck, int hostAck, int usedAddressUpdated, int hostDb, int cardDb) {

    /** As config_change: nothing is asked. */
    public static final int NONE = 0;

    /** As config_change: the device goes ({@code MIC_VIRTIO_PARAM_DEV_REMOVE}). */
    public static final int DEV_REMOVE = 1;

    /** As config_change: the configuration is another ({@code MIC_VIRTIO_PARAM_CONFIG_CHANGED}). */
    public static final int CONFIG_CHANGED = 2;

    /** Bytes. */
    public static final int BYTES = 16;

    /** Offset of {@link #vdev}. */
    public static final int VDEV = 0;

    /** Offset of {@link #configChange}. */
    public static final int CONFIG_CHANGE = 8;

    /** Offset of {@link #reset}. */
    public static final int RESET = 9;

    /** Offset of {@link #guestAck}. */
    public static final int GUEST_ACK = 10;

    /** Offset of {@link #hostAck}. */
    public static final int HOST_ACK = 11;

    /** Offset of {@link #usedAddressUpdated}. */
    public static final int USED_ADDRESS_UPDATED = 12;

    /** Offset of {@link #hostDb}. */
    public static final int HOST_DB = 13;

    /** Offset of {@link #cardDb}. */
    public static final int CARD_DB = 14;

    /**
     * Returns what a host writes when it adds a device.
     *
     * @param hostDb its doorbell
     */
    public static DeviceCtrl initial(int hostDb) {
        return new DeviceCtrl(0, NONE, 0, 0, 0, 0, hostDb, BootParam.NO_DOORBELL);
    }

    /**
     * Reads it.
     *
     * @param bytes  of a page
     * @param offset of the structure in them
     */
    public static DeviceCtrl decode(byte[] bytes, int offset) {
        return new DeviceCtrl(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(offset),
                bytes[offset + CONFIG_CHANGE], bytes[offset + RESET], bytes[offset + GUEST_ACK], bytes[offset + HOST_ACK],
                bytes[offset + USED_ADDRESS_UPDATED], bytes[offset + HOST_DB], bytes[offset + CARD_DB]);
    }

    void encode(ByteBuffer target) {
        target.putLong(vdev).put((byte) configChange).put((byte) reset).put((byte) guestAck).put((byte) hostAck)
                .put((byte) usedAddressUpdated).put((byte) hostDb).put((byte) cardDb).put((byte) 0);
    }
}
