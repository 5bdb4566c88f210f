package io.busbar.busdrivers.virtio.block;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.busdrivers.virtio.life.QueuePlan;
import java.util.List;

/**
 * How a disk's slots are laid out: as many and as large as the settings say and the device takes.
 *
 * @param queueSize entries
 * @param slots     how many
 * @param bytes     of data in each, whole blocks
 * @param segments  descriptors for the data of each
 */
record SlotPlan(int queueSize, int slots, int bytes, int segments) {

    private static final int QUEUE_SIZE = 256;
    /** Header and status. */
    private static final int OTHER_DESCRIPTORS = 2;
    private static final int PAGE = 4096;

    static SlotPlan of(Offer offer, DiskGeometry geometry, DiskSettings settings) throws VdpaException {
        int queueSize = Math.min(QUEUE_SIZE, offer.maxQueueSize());
        int mostSegments = Math.min(geometry.segments(), queueSize - OTHER_DESCRIPTORS);
        long most = mostSegments < 1 ? 0 : Math.multiplyExact(Math.min(geometry.segmentBytes(), Integer.MAX_VALUE), (long) mostSegments);
        int bytes = (int) Math.min(Math.max(settings.requestBytes(), geometry.blockSize()), most) & -geometry.blockSize();
        if (bytes == 0) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, offer.device() + ": a block of "
                    + geometry.blockSize() + " bytes does not fit into a request of " + geometry.segments()
                    + " segments of " + geometry.segmentBytes() + " bytes in a queue of " + queueSize + " entries", null);
        }
        int segments = (int) Math.ceilDiv(bytes, Math.min(geometry.segmentBytes(), bytes));
        int slots = Math.min(settings.requests(), queueSize / (segments + OTHER_DESCRIPTORS));
        return new SlotPlan(queueSize, slots, bytes, segments);
    }

    /** Returns queue and memory as the life plans them. */
    Plan plan() {
        long heads = (long) slots * Slots.HEAD_BYTES;
        return new Plan(List.of(new QueuePlan(0, queueSize)), heads + (long) slots * bytes + 2L * PAGE);
    }
}
