package io.busbar.busdrivers.virtio.life;

import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import java.util.ArrayList;
import java.util.List;

/**
 * A device from one reset to the next: features, memory and queues of that time. Each time has its own, so that what is
 * late from an earlier one meets memory that nobody uses.
 */
public final class LiveDevice {

    private final VdpaDevice device;
    private final Offer offer;
    private final SharedMemory memory;
    private final List<DriverQueue> queues = new ArrayList<>();

    LiveDevice(VdpaDevice device, Offer offer, SharedMemory memory) {
        this.device = device;
        this.offer = offer;
        this.memory = memory;
    }

    /**
     * Makes the memory for a plan; the device has none of it yet.
     *
     * @param device with FEATURES_OK
     * @param offer  what it offers
     * @param plan   what the driver needs
     */
    static LiveDevice create(VdpaDevice device, Offer offer, Plan plan) throws VdpaException {
        long bytes = plan.bufferBytes();
        for (QueuePlan queue : plan.queues()) {
            bytes += DriverQueue.bytes(queue.size(), offer.features());
        }
        SharedMemory memory = SharedMemory.create(device.name(), bytes, device.ops().getIovaRange());
        LiveDevice live = new LiveDevice(device, offer, memory);
        try {
            for (QueuePlan queue : plan.queues()) {
                live.queues.add(new DriverQueue(device.ops(), queue, offer.features(), memory));
            }
            return live;
        } catch (VdpaException | RuntimeException e) {
            live.close();
            throw e;
        }
    }

    /** Gives memory and queues to the device (virtio 1.2, 3.1.1, step 7). */
    void announce(VqCallback called) throws VdpaException {
        device.dma().setMap(0, memory.table());
        for (DriverQueue queue : queues) {
            queue.announce(called);
        }
    }

    /** Returns what the device offered. */
    public Offer offer() {
        return offer;
    }

    /** Returns the memory; buffers are allocated before DRIVER_OK. */
    public SharedMemory memory() {
        return memory;
    }

    /**
     * Returns a queue.
     *
     * @param number in the plan
     */
    public DriverQueue queue(int number) {
        return queues.get(number);
    }

    /**
     * Writes to the device's configuration. Any thread.
     *
     * @param offset of the first byte
     * @param bytes  what
     * @throws VdpaException if the device does not take it
     */
    public void writeConfig(int offset, byte[] bytes) throws VdpaException {
        device.ops().setConfig(offset, bytes);
    }

    /** Returns the device's ops. */
    VdpaConfigOps ops() {
        return device.ops();
    }

    /** Lets go of memory and descriptors. The device was reset, or never had them. */
    void close() {
        queues.forEach(DriverQueue::close);
        memory.close();
    }
}
