package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_RING_PACKED;

import io.busbar.core.virtio.VirtioConfig;
import java.io.IOException;

/**
 * Makes queues, in the format that was negotiated. Not for the hot path: a queue gets a class of its own where the JVM
 * allows it, which takes a fraction of a millisecond and is compiled anew.
 */
public final class Rings {

    private Rings() {
    }

    /**
     * Makes the device side of a queue. Reads the used index from memory, and never again.
     *
     * @param config  what it is made from
     * @param regions the driver's memory, for the buffers
     * @return the queue
     * @throws IllegalArgumentException for the packed format, which is not there
     */
    public static DeviceRing device(DeviceRingConfig config, Regions regions) {
        splitOnly(config.features());
        DeviceParts parts = DeviceParts.of(config);
        try {
            return Specialised.make(DeviceRing.class, SplitDeviceRing.class, parts, parts, config, regions);
        } catch (ReflectiveOperationException | IOException | LinkageError e) {
            return new SplitDeviceRing(parts, config, regions);
        }
    }

    /**
     * Makes the device side of a queue without a class of its own: slower at work, faster to make. For queues that see
     * little work.
     *
     * @param config  what it is made from
     * @param regions the driver's memory, for the buffers
     * @return the queue
     * @throws IllegalArgumentException for the packed format, which is not there
     */
    public static DeviceRing plainDevice(DeviceRingConfig config, Regions regions) {
        splitOnly(config.features());
        return new SplitDeviceRing(DeviceParts.of(config), config, regions);
    }

    /**
     * Makes the driver side of a queue.
     *
     * @param config what it is made from
     * @return the queue
     * @throws IllegalArgumentException for the packed format, which is not there
     */
    public static DriverRing driver(DriverRingConfig config) {
        splitOnly(config.features());
        DriverParts parts = DriverParts.of(config);
        try {
            return Specialised.make(DriverRing.class, SplitDriverRing.class, parts, parts);
        } catch (ReflectiveOperationException | IOException | LinkageError e) {
            return new SplitDriverRing(parts);
        }
    }

    /**
     * Makes the driver side of a queue without a class of its own.
     *
     * @param config what it is made from
     * @return the queue
     * @throws IllegalArgumentException for the packed format, which is not there
     */
    public static DriverRing plainDriver(DriverRingConfig config) {
        splitOnly(config.features());
        return new SplitDriverRing(DriverParts.of(config));
    }

    private static void splitOnly(long features) {
        if (VirtioConfig.has(features, VIRTIO_F_RING_PACKED)) {
            throw new IllegalArgumentException("RING_PACKED was negotiated: only the split format is served");
        }
    }
}
