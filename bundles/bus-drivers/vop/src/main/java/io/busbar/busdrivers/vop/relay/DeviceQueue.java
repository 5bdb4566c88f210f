package io.busbar.busdrivers.vop.relay;

import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.ring.SplitLayout;

/** One queue of the device, whose driver is this end: its ring is at the beginning of the queue's part of the device's memory. */
final class DeviceQueue implements AutoCloseable {

    private static final int ALIGN = 64;

    private final VdpaConfigOps ops;
    private final int index;
    private final int size;
    private final long iova;
    private final long driverArea;
    private final long deviceArea;
    private final DriverRing ring;
    /** Null where the device has to be called. */
    private final Fd kick;

    /** Returns the bytes that a ring takes. */
    static long bytes(int size, long features) {
        return deviceArea(size, features) + SplitLayout.deviceAreaBytes(size, features);
    }

    private static long driverArea(int size) {
        return roundUp(SplitLayout.descriptorTableBytes(size));
    }

    private static long deviceArea(int size, long features) {
        return roundUp(driverArea(size) + SplitLayout.driverAreaBytes(size, features));
    }

    private static long roundUp(long value) {
        return value + ALIGN - 1 & -ALIGN;
    }

    /**
     * Makes a queue; the device does not know of it yet.
     *
     * @param ops      of the device
     * @param index    of the queue
     * @param size     entries
     * @param features that the device was given
     * @param address  of its zeroed memory in this process
     * @param iova     of the same for the device
     */
    DeviceQueue(VdpaConfigOps ops, int index, int size, long features, long address, long iova) throws VdpaException {
        this.ops = ops;
        this.index = index;
        this.size = size;
        this.iova = iova;
        driverArea = driverArea(size);
        deviceArea = deviceArea(size, features);
        ring = Rings.driver(new DriverRingConfig(
                new RingAddresses(Memory.ALL, address, address + driverArea, address + deviceArea), size, features));
        try {
            kick = ops instanceof KickDescriptors ? EventFd.create() : null;
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.ENOMEM, Reason.INTERNAL, e.getMessage(), e);
        }
    }

    /** Tells the device of the queue, as the last step that it is ready. */
    void announce(VqCallback called) throws VdpaException {
        ops.setVqNum(index, size);
        ops.setVqAddress(index, iova, iova + driverArea, iova + deviceArea);
        ops.setVqCallback(index, called);
        if (ops instanceof KickDescriptors descriptors) {
            descriptors.setVqKickDescriptor(index, kick.number());
        }
        ops.setVqReady(index, true);
    }

    DriverRing ring() {
        return ring;
    }

    /** Makes what was added available, and kicks the device if it wants that. */
    void submit() {
        ring.publish();
        if (ring.kickNeeded()) {
            if (kick == null) {
                ops.kickVq(index);
            } else {
                EventFd.signal(kick.number());
            }
        }
    }

    /** The device was reset. */
    @Override
    public void close() {
        if (kick != null) {
            kick.close();
        }
    }
}
