package io.busbar.busdrivers.virtio.life;

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

/**
 * One virtqueue from the driver's side: its ring in shared memory, and the way to kick the device. For one thread at a
 * time, which its user's lock sees to.
 *
 * <p>Where the device waits for a descriptor by itself a kick is one system call and allocates nothing.
 */
public final class DriverQueue {

    private static final int PART_ALIGNMENT = 64;

    private final int index;
    private final int size;
    private final VdpaConfigOps ops;
    private final SharedMemory memory;
    private final long descriptorTable;
    private final long driverArea;
    private final long deviceArea;
    private final DriverRing ring;
    /** Null where the device has to be called. */
    private final Fd kick;

    /** Returns the memory that the parts of a queue take, with what their alignment costs. */
    static long bytes(int size, long features) {
        return SplitLayout.descriptorTableBytes(size) + SplitLayout.driverAreaBytes(size, features)
                + SplitLayout.deviceAreaBytes(size, features) + 3L * PART_ALIGNMENT;
    }

    /**
     * Makes a queue; the device does not know of it yet.
     *
     * @param ops      of the device
     * @param plan     which, and how large
     * @param features settled
     * @param memory   zeroed
     * @throws VdpaException ENOMEM
     */
    DriverQueue(VdpaConfigOps ops, QueuePlan plan, long features, SharedMemory memory) throws VdpaException {
        this.index = plan.index();
        this.size = plan.size();
        this.ops = ops;
        this.memory = memory;
        descriptorTable = memory.allocate(SplitLayout.descriptorTableBytes(size), PART_ALIGNMENT);
        driverArea = memory.allocate(SplitLayout.driverAreaBytes(size, features), PART_ALIGNMENT);
        deviceArea = memory.allocate(SplitLayout.deviceAreaBytes(size, features), PART_ALIGNMENT);
        RingAddresses addresses = new RingAddresses(Memory.ALL, memory.address(descriptorTable),
                memory.address(driverArea), memory.address(deviceArea));
        // Of the class that all queues share: devices come and go, and its code is compiled once.
        ring = Rings.plainDriver(new DriverRingConfig(addresses, size, features));
        kick = ops instanceof KickDescriptors ? eventFd() : null;
    }

    private static Fd eventFd() throws VdpaException {
        try {
            return EventFd.create();
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.ENOMEM, Reason.INTERNAL, e.getMessage(), e);
        }
    }

    /**
     * Tells the device of the queue, as the last step that it is ready. The device has FEATURES_OK and the memory.
     *
     * @param called told that buffers were used, on a thread of the device
     */
    void announce(VqCallback called) throws VdpaException {
        ops.setVqNum(index, size);
        ops.setVqAddress(index, memory.iova(descriptorTable), memory.iova(driverArea), memory.iova(deviceArea));
        ops.setVqCallback(index, called);
        if (ops instanceof KickDescriptors descriptors) {
            descriptors.setVqKickDescriptor(index, kick.number());
        }
        ops.setVqReady(index, true);
    }

    /** Returns the ring, for chains whose addresses are the device's ({@link SharedMemory#iova}). */
    public DriverRing ring() {
        return ring;
    }

    /** Makes the chains available that were added, and kicks the device if it wants that. */
    public void submit() {
        ring.publish();
        if (ring.kickNeeded()) {
            kick();
        }
    }

    /** Kicks the device, whether it wants that or not. */
    public void kick() {
        if (kick == null) {
            ops.kickVq(index);
        } else {
            EventFd.signal(kick.number());
        }
    }

    /** Closes the descriptor. The device was reset. */
    void close() {
        if (kick != null) {
            kick.close();
        }
    }
}
