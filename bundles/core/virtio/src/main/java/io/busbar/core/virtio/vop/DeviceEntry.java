package io.busbar.core.virtio.vop;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One device of a page.
 *
 * <pre>
 *  desc:8   queues: num_vq times 24   offered features:feature_len   accepted features:feature_len   config:config_len   pad to 8
 *  ctrl:16
 * </pre>
 *
 * The arrays are copied on the way in and out.
 *
 * @param desc     header; its numbers agree with the rest
 * @param queues   in order
 * @param offered  features that the host offers, bit 0 first
 * @param accepted features that the card's driver has accepted
 * @param config   the configuration
 * @param ctrl     what the ends ask each other
 */
public record DeviceEntry(
        DeviceDesc desc, List<VqConfig> queues, byte[] offered, byte[] accepted, byte[] config, DeviceCtrl ctrl) {

    /** The most bytes of an entry without {@code ctrl} ({@code MIC_MAX_DESC_BLK_SIZE}). */
    public static final int MAX_DESC_BYTES = 256;

    /** Bytes of an array of features of ours: 64 of them; Linux's daemon had 4. */
    public static final int FEATURE_BYTES = 8;

    /** Copies the arrays. */
    public DeviceEntry {
        queues = List.copyOf(queues);
        offered = offered.clone();
        accepted = accepted.clone();
        config = config.clone();
    }

    /**
     * Describes a device that is to be published.
     *
     * @param type     virtio device id, 1 to 127
     * @param queues   up to {@link DeviceDesc#MAX_QUEUES}, each of up to {@link VqConfig#MAX_ENTRIES} entries
     * @param features that are offered
     * @param config   the configuration, up to 255 bytes
     * @param hostDb   the host's doorbell
     * @throws IllegalArgumentException if it does not fit an entry: the message names the value and what was expected
     */
    public static DeviceEntry of(int type, List<VqConfig> queues, long features, byte[] config, int hostDb) {
        within("device id", type, 1, Byte.MAX_VALUE);
        within("number of queues", queues.size(), 0, DeviceDesc.MAX_QUEUES);
        within("bytes of configuration", config.length, 0, 255);
        for (VqConfig queue : queues) {
            within("queue size", queue.size(), 1, VqConfig.MAX_ENTRIES);
            if (Integer.bitCount(queue.size()) != 1) {
                throw new IllegalArgumentException("queue size " + queue.size() + ": expected a power of two");
            }
        }
        DeviceDesc desc = new DeviceDesc(type, queues.size(), FEATURE_BYTES, config.length, 0);
        within("bytes of an entry", descBytes(desc), 0, MAX_DESC_BYTES);
        byte[] offered = ByteBuffer.allocate(FEATURE_BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(features).array();
        return new DeviceEntry(desc, queues, offered, new byte[FEATURE_BYTES], config, DeviceCtrl.initial(hostDb));
    }

    private static void within(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " " + value + ": expected " + least + " to " + most);
        }
    }

    /** Returns the bytes of an entry up to {@code ctrl}: the offset of that. */
    public static int descBytes(DeviceDesc desc) {
        return configOffset(desc) + desc.configLen() + 7 & -8;
    }

    /** Returns the bytes of an entry: where the next one begins. */
    public static int totalBytes(DeviceDesc desc) {
        return descBytes(desc) + DeviceCtrl.BYTES;
    }

    /** Returns the offset of a queue. */
    public static int queueOffset(int queue) {
        return DeviceDesc.BYTES + VqConfig.BYTES * queue;
    }

    /** Returns the offset of the offered features. */
    public static int offeredOffset(DeviceDesc desc) {
        return queueOffset(desc.queues());
    }

    /** Returns the offset of the accepted features. */
    public static int acceptedOffset(DeviceDesc desc) {
        return offeredOffset(desc) + desc.featureLen();
    }

    /** Returns the offset of the configuration. */
    public static int configOffset(DeviceDesc desc) {
        return acceptedOffset(desc) + desc.featureLen();
    }

    /**
     * Reads an entry. The caller has checked by its {@link DeviceDesc} that it lies within the bytes.
     *
     * @param bytes  of a page
     * @param offset of the entry in them
     */
    public static DeviceEntry decode(byte[] bytes, int offset) {
        DeviceDesc desc = DeviceDesc.decode(bytes, offset);
        List<VqConfig> queues = new ArrayList<>();
        for (int i = 0; i < desc.queues(); i++) {
            queues.add(VqConfig.decode(bytes, offset + queueOffset(i)));
        }
        return new DeviceEntry(desc, queues, part(bytes, offset + offeredOffset(desc), desc.featureLen()),
                part(bytes, offset + acceptedOffset(desc), desc.featureLen()),
                part(bytes, offset + configOffset(desc), desc.configLen()), DeviceCtrl.decode(bytes, offset + descBytes(desc)));
    }

    private static byte[] part(byte[] bytes, int from, int length) {
        byte[] part = new byte[length];
        System.arraycopy(bytes, from, part, 0, length);
        return part;
    }

    /** Returns its bytes. */
    public byte[] encode() {
        ByteBuffer target = ByteBuffer.allocate(totalBytes(desc)).order(ByteOrder.LITTLE_ENDIAN);
        desc.encode(target);
        queues.forEach(queue -> queue.encode(target));
        target.put(offered).put(accepted).put(config).position(descBytes(desc));
        ctrl.encode(target);
        return target.array();
    }

    /** Returns the features that the host offers, the first 64. */
    public long offeredFeatures() {
        return word(offered);
    }

    /** Returns the features that the card's driver has accepted, the first 64. */
    public long acceptedFeatures() {
        return word(accepted);
    }

    private static long word(byte[] array) {
        long word = 0;
        for (int i = Math.min(array.length, Long.BYTES) - 1; i >= 0; i--) {
            word = word << Byte.SIZE | Byte.toUnsignedLong(array[i]);
        }
        return word;
    }

    @Override
    public byte[] offered() {
        return offered.clone();
    }

    @Override
    public byte[] accepted() {
        return accepted.clone();
    }

    @Override
    public byte[] config() {
        return config.clone();
    }
}
