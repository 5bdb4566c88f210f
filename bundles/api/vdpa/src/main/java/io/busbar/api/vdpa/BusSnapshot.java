package io.busbar.api.vdpa;

import java.util.List;
import java.util.Map;

/**
 * One look at a bus: every part with its state, and for what is not up the reason.
 *
 * @param bus         name of the bus
 * @param changeCount grows with each change of the bus
 * @param parts       management devices, bus drivers, device models and backends
 * @param devices     devices on the bus, and those that should be on it and are not
 */
public record BusSnapshot(String bus, long changeCount, List<Part> parts, List<Device> devices) {

    /** Copies the lists. */
    public BusSnapshot {
        parts = List.copyOf(parts);
        devices = List.copyOf(devices);
    }

    /** What a part is. */
    public enum Kind {
        /** Makes devices. */
        MANAGEMENT_DEVICE,
        /** Makes devices usable for drivers. */
        BUS_DRIVER,
        /** Speaks the protocol of a virtio device. */
        DEVICE_MODEL,
        /** Is where the bytes go. */
        BACKEND
    }

    /**
     * A plugged-in part.
     *
     * @param kind   what it is
     * @param type   the class it is for, such as {@code block}; empty where it has none
     * @param name   its name
     * @param origin the bundle it comes from: symbolic name and version
     * @param health whether it is up
     */
    public record Part(Kind kind, String type, String name, String origin, Health health) {}

    /** Where a device is in its life. */
    public enum State {
        /** Should be on the bus, and is not. */
        ABSENT,
        /** On the bus, no bus driver. */
        UNBOUND,
        /** Bound, no driver uses it. */
        BOUND,
        /** A driver is connected and sets it up. */
        NEGOTIATING,
        /** DRIVER_OK: the data path runs. */
        RUNNING,
        /** The data path waits, requests are held. */
        HELD,
        /** The driver has to reset it. */
        NEEDS_RESET
    }

    /**
     * A device.
     *
     * @param name       its name
     * @param mgmtdev    its management device
     * @param deviceId   virtio device id, 0 if not known
     * @param vendorId   vendor id
     * @param maxVqs     number of queues
     * @param maxVqSize  largest size of a queue
     * @param state      where it is in its life
     * @param status     the virtio status byte
     * @param health     what is wrong, if anything is
     * @param busDriver  the bus driver that is bound, or empty
     * @param override   the bus driver that may bind, or empty
     * @param endpoint   where it can be reached, or empty
     * @param persistent whether it comes back at the next start
     * @param dmaFaults  accesses outside the mapping
     * @param details    more, in order
     */
    public record Device(
            String name,
            String mgmtdev,
            int deviceId,
            int vendorId,
            int maxVqs,
            int maxVqSize,
            State state,
            int status,
            Health health,
            String busDriver,
            String override,
            String endpoint,
            boolean persistent,
            long dmaFaults,
            Map<String, String> details) {}
}
