package io.busbar.busdrivers.vhostuser;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where the three parts of a split ring are (virtio 1.2, 2.7): in the front-end's process, or translated, in the guest.
 *
 * @param descriptors descriptor table, aligned to 16
 * @param available   available ring, aligned to 2
 * @param used        used ring, aligned to 4
 */
record RingAddresses(long descriptors, long available, long used) {

    private static final int DESCRIPTOR = 16;
    private static final int AVAILABLE_ENTRY = 2;
    private static final int USED_ENTRY = 8;
    private static final int USED_ALIGN = 4;
    /** flags and idx before the entries of either ring; the event word behind them comes on top. */
    private static final int RING_HEADER = 4;
    private static final int EVENT = 2;

    void checkAlignment() throws RefusedException {
        if ((descriptors & DESCRIPTOR - 1 | available & AVAILABLE_ENTRY - 1 | used & USED_ALIGN - 1) != 0) {
            throw new RefusedException(this + ": expected multiples of 16, 2 and 4");
        }
    }

    /**
     * Translates from the front-end's process to the guest.
     *
     * @param memory the table
     * @param size   entries
     * @param events whether the rings have an event word (VIRTIO_RING_F_EVENT_IDX)
     * @return the guest's addresses, or empty if a part is not in one region
     */
    Optional<RingAddresses> toGuest(GuestMemory memory, int size, boolean events) {
        long eventBytes = events ? EVENT : 0;
        OptionalLong table = memory.toGuest(descriptors, (long) DESCRIPTOR * size);
        OptionalLong driver = memory.toGuest(available, RING_HEADER + (long) AVAILABLE_ENTRY * size + eventBytes);
        OptionalLong device = memory.toGuest(used, RING_HEADER + (long) USED_ENTRY * size + eventBytes);
        if (table.isEmpty() || driver.isEmpty() || device.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RingAddresses(table.getAsLong(), driver.getAsLong(), device.getAsLong()));
    }

    @Override
    public String toString() {
        return "descriptors 0x" + Long.toHexString(descriptors) + ", available 0x" + Long.toHexString(available)
                + ", used 0x" + Long.toHexString(used);
    }
}
