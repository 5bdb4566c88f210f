package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_IN_ORDER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.core.virtio.VirtioConfig;
import java.lang.foreign.MemorySegment;

/**
 * What does not change while a split queue lives (virtio 1.2, 2.7). A record, so that its components are constants to the
 * compiler where the record is one. Addresses are those of this process, checked when the queue was set up.
 *
 * @param all         the segment over all memory through which the addresses are used
 * @param descriptors address of the descriptor table (2.7.5)
 * @param avail       address of the available ring (2.7.6), the driver area
 * @param used        address of the used ring (2.7.8), the device area
 * @param usedEvent   address of {@code used_event}, behind the available ring (2.7.7)
 * @param availEvent  address of {@code avail_event}, behind the used ring (2.7.10)
 * @param size        entries, a power of two, 1 to 32768
 * @param eventIdx    whether EVENT_IDX was negotiated
 * @param indirect    whether INDIRECT_DESC was
 * @param inOrder     whether IN_ORDER was
 */
record SplitGeometry(MemorySegment all, long descriptors, long avail, long used, long usedEvent, long availEvent,
        int size, boolean eventIdx, boolean indirect, boolean inOrder) {

    static SplitGeometry of(RingAddresses addresses, int size, long features) {
        return new SplitGeometry(addresses.all(), addresses.descriptorTable(), addresses.driverArea(),
                addresses.deviceArea(), addresses.driverArea() + SplitLayout.usedEvent(size),
                addresses.deviceArea() + SplitLayout.availEvent(size), size,
                VirtioConfig.has(features, VIRTIO_RING_F_EVENT_IDX),
                VirtioConfig.has(features, VIRTIO_RING_F_INDIRECT_DESC),
                VirtioConfig.has(features, VIRTIO_F_IN_ORDER));
    }

    /** Returns the address of a slot of the available ring. */
    long availSlot(int index) {
        return avail + SplitLayout.RING + ((long) (index & size - 1) << 1);
    }

    /** Returns the address of a slot of the used ring. */
    long usedSlot(int index) {
        return used + SplitLayout.RING + ((long) (index & size - 1) << 3);
    }
}
