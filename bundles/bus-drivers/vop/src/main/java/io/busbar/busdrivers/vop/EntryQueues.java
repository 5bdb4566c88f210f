package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.busdrivers.vop.page.PageSlot;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.core.virtio.vop.VqConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The host's part of the rings of one device: descriptor tables and available rings, which the card's driver writes. */
final class EntryQueues implements AutoCloseable {

    private static final ValueLayout.OfInt MAGIC = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int size;
    private final List<OwnMemory> buffers = new ArrayList<>();

    private EntryQueues(int size) {
        this.size = size;
    }

    /**
     * Makes them.
     *
     * @param device name, for listings
     * @param ops    of the link
     * @param offer  how many, and of how many entries
     * @throws VdpaException ENOMEM, ENOSPC
     */
    static EntryQueues allocate(String device, VopHardwareOps ops, Offer offer) throws VdpaException {
        EntryQueues queues = new EntryQueues(offer.size());
        try {
            for (int i = 0; i < offer.queues(); i++) {
                OwnMemory buffer = ops.allocate("queue " + i + " of " + device, VopRing.hostBytes(offer.size()));
                queues.buffers.add(buffer);
                long magic = VopRing.infoOffset(offer.size()) + VopRing.INFO_MAGIC;
                buffer.segment().set(MAGIC, magic, VopRing.magic(offer.deviceId(), i));
            }
            return queues;
        } catch (VopException e) {
            queues.close();
            throw HostLink.refused(e);
        } catch (RuntimeException | Error e) {
            queues.close();
            throw e;
        }
    }

    /**
     * Publishes the device whose rings these are.
     *
     * @param device   name, for sentences
     * @param link     to the card
     * @param offer    what it is
     * @param config   its configuration
     * @param doorbell of the host
     * @return its place in the page
     * @throws VdpaException EINVAL if it does not fit an entry, ENOSPC if the page is full, EIO if it is not there any more
     */
    PageSlot publish(String device, HostLink link, Offer offer, byte[] config, int doorbell) throws VdpaException {
        List<VqConfig> places = buffers.stream().map(buffer -> new VqConfig(buffer.peerAddress(), 0, size)).toList();
        DeviceEntry entry;
        try {
            entry = DeviceEntry.of(offer.deviceId(), places, offer.features(), config, doorbell);
        } catch (IllegalArgumentException e) {
            throw new VdpaException(VdpaError.EINVAL, device + " does not fit an entry of a device page: " + e.getMessage());
        }
        Optional<PageSlot> slot = link.page().publish(entry);
        if (link.page().isCutShort()) {
            throw new VdpaException(VdpaError.EIO, Reason.PROTOCOL_VIOLATION, link.pageCutShort(), null);
        }
        return slot.orElseThrow(() -> new VdpaException(VdpaError.ENOSPC, Reason.NO_SPACE,
                "the device page of " + link.name() + " is full: " + device + " needs " + DeviceEntry.totalBytes(entry.desc())
                        + " bytes, and " + link.page().left() + " are left", null));
    }

    /** Returns a ring. */
    MemorySegment ring(int queue) {
        return buffers.get(queue).segment();
    }

    /** Makes the rings as at first; what tells the card that it has found them stays. */
    void clear() {
        for (OwnMemory buffer : buffers) {
            try {
                buffer.segment().asSlice(0, VopRing.ringBytes(size)).fill((byte) 0);
            } catch (InternalError _) {
                // The card has cut it short: there is nothing to clear, and who uses the ring next finds that out.
            }
        }
    }

    /** Leaves them to a card that may still use them, until its link is gone. */
    void leaveTo(HostLink link) {
        buffers.forEach(link::keep);
    }

    @Override
    public void close() {
        buffers.forEach(OwnMemory::close);
    }
}
