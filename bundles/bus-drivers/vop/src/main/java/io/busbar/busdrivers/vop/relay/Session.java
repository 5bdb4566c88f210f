package io.busbar.busdrivers.vop.relay;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.ring.SplitLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A device and the card's driver, from the features that they have settled to the next reset. Each has memory and rings of its own,
 * so that what is late from an earlier one meets what nobody uses. For the lane.
 */
public final class Session implements AutoCloseable {

    /** Not 0, and beyond 32 bits, so that an address that was cut or left out is none of ours. */
    private static final long USUAL_IOVA = 1L << 32;

    private static final int PAGE = 4096;
    private static final long WITH_EVENTS = bit(VIRTIO_RING_F_EVENT_IDX);

    private final VdpaDevice device;
    private final SessionPlan plan;
    private final OwnMemory memory;
    private final long iova;
    /** Of each queue: its ring, and room for its requests behind it. */
    private final long ringBytes;
    private final long roomBytes;
    private final QueueRelay[] relays;
    private final LinkWindow[] usedRings;
    private boolean running;

    private Session(VdpaDevice device, SessionPlan plan, OwnMemory memory, long iova) {
        this.device = device;
        this.plan = plan;
        this.memory = memory;
        this.iova = iova;
        ringBytes = ringBytes(plan);
        roomBytes = roomBytes(plan);
        relays = new QueueRelay[plan.queues()];
        usedRings = new LinkWindow[plan.queues()];
    }

    /**
     * Makes the memory that the device is given, and gives it.
     *
     * @param device with FEATURES_OK
     * @param plan   what it is made from
     * @throws VdpaException if the device cannot reach it
     * @throws VopException  if there is no such memory
     */
    public static Session open(VdpaDevice device, SessionPlan plan) throws VdpaException, VopException {
        long bytes = plan.queues() * (ringBytes(plan) + roomBytes(plan));
        long iova = place(bytes, device.ops().getIovaRange());
        OwnMemory memory = plan.link().allocate("requests of " + device.name(), bytes);
        try {
            device.dma().setMap(0, DriverMemory.of(List.of(memory.region(iova))));
        } catch (VdpaException | RuntimeException e) {
            memory.close();
            throw e;
        }
        return new Session(device, plan, memory, iova);
    }

    private static long ringBytes(SessionPlan plan) {
        return DeviceQueue.bytes(plan.size(), WITH_EVENTS) + PAGE - 1 & -PAGE;
    }

    private static long roomBytes(SessionPlan plan) {
        return plan.queueBytes() & -PAGE;
    }

    private static long place(long size, IovaRange reach) throws VdpaException {
        long lowest = Math.max(PAGE, reach.first() + PAGE - 1 & -PAGE);
        for (long start : new long[] {USUAL_IOVA, lowest}) {
            if (Long.compareUnsigned(start, reach.first()) >= 0 && Long.compareUnsigned(start + size - 1, reach.last()) <= 0) {
                return start;
            }
        }
        throw new VdpaException(VdpaError.ERANGE, "the device reaches 0x" + Long.toHexString(reach.first()) + " to 0x"
                + Long.toHexString(reach.last()) + ": its driver needs " + size + " bytes there");
    }

    /**
     * Sets a queue up; the device has it then, and does nothing before DRIVER_OK.
     *
     * @param queue       index
     * @param host        descriptor table and available ring
     * @param usedAddress where the card says that its used ring is
     * @throws VopException  if that is not in memory that the card shares, or misaligned
     * @throws VdpaException if the device does not take it
     */
    public void connect(int queue, MemorySegment host, long usedAddress) throws VopException, VdpaException {
        LinkMeter meter = plan.link().meter(device.name(), queue);
        LinkWindow used = plan.link().map(usedAddress, SplitLayout.deviceAreaBytes(plan.size(), WITH_EVENTS), meter);
        usedRings[queue] = used;
        CardRing ring = new CardRing(host, used.segment(), plan.size(), plan.cardFeatures(), meter);
        long part = queue * (ringBytes + roomBytes);
        DeviceQueue behind = new DeviceQueue(device.ops(), queue, plan.size(), plan.features(),
                memory.segment().address() + part, iova + part);
        Mover mover = new Mover(plan.link(), meter, memory, plan.size(), plan.dmaThreshold(), plan.wake());
        boolean block = device.deviceId() == VirtioIds.VIRTIO_ID_BLOCK;
        relays[queue] = new QueueRelay(
                plan.card(), queue, plan.size(), ring, behind, block, mover, part + ringBytes, roomBytes, iova);
        behind.announce(plan.wake()::run);
    }

    /** Returns whether a queue is set up. */
    public boolean isConnected(int queue) {
        return relays[queue] != null;
    }

    /** The device is live: from now on chains are taken. */
    public void run() {
        running = true;
    }

    /** Takes nothing more, and gives nothing back. */
    public void halt() {
        running = false;
    }

    /** Returns whether chains are taken. */
    public boolean isRunning() {
        return running;
    }

    /**
     * Does what there is to do on a queue, up to a limit; returns whether there may be more at once.
     *
     * @param queue index
     */
    public boolean work(int queue) {
        return running && relays[queue] != null && relays[queue].work();
    }

    /**
     * Returns whether chains of a queue were used for which its driver wants a call, since this was asked last.
     *
     * @param queue index
     */
    public boolean takeCall(int queue) {
        return relays[queue] != null && relays[queue].takeCall();
    }

    /** Returns whether something waits for room in the link's engine, of whose end nobody may tell. */
    public boolean waitsForEngine() {
        boolean waits = false;
        for (QueueRelay relay : relays) {
            waits |= relay != null && relay.waitsForEngine();
        }
        return waits;
    }

    /** Returns what broke a queue; empty if nothing did. */
    public String fault() {
        for (QueueRelay relay : relays) {
            if (relay != null && !relay.fault().isEmpty()) {
                return relay.fault();
            }
        }
        return "";
    }

    /** Returns how many copies the link has not ended. */
    public int inFlight() {
        int sum = 0;
        for (QueueRelay relay : relays) {
            sum += relay == null ? 0 : relay.inFlight();
        }
        return sum;
    }

    /**
     * Lets go of everything but the memory, to which the link may still write. The device was reset.
     *
     * @return the memory, to be closed when the link is gone
     */
    public OwnMemory abandon() {
        closeQueues();
        return memory;
    }

    private void closeQueues() {
        for (int i = 0; i < relays.length; i++) {
            if (relays[i] != null) {
                relays[i].close();
            }
            if (usedRings[i] != null) {
                usedRings[i].close();
            }
        }
    }

    /** Lets go of everything. The device was reset and no longer has the memory, and the link has ended all copies. */
    @Override
    public void close() {
        closeQueues();
        memory.close();
    }
}
