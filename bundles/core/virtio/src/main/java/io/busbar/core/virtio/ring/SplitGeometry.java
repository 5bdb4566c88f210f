package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_IN_ORDER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.core.virtio.VirtioConfig;
import java.lang.foreign.MemorySegment;

/**
 * What does not change while a split queue lives. A record, so that its components are constants to the compiler where
 * the record is one.
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
