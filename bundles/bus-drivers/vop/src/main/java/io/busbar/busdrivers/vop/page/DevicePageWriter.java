package io.busbar.busdrivers.vop.page;

import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The page in which devices are published. Where its entries are, and how large, is known from what was published, and never read
 * back: the card can write to the page. Safe for any thread.
 */
public final class DevicePageWriter {

    private final PageMemory page;
    private final List<PageSlot> slots = new ArrayList<>();

    /**
     * Takes a page.
     *
     * @param page {@link DevicePage#BYTES}; where it has no magic number yet, its beginning is written
     * @param node number of the card
     */
    public DevicePageWriter(MemorySegment page, int node) {
        this.page = new PageMemory(page);
        if (this.page.getInt(0) != BootParam.MAGIC) {
            this.page.put(0, BootParam.initial(node).encode(), 0);
        }
    }

    /** Returns the doorbell for "the page has changed" as the card says it; negative while nobody is there. */
    public int configDoorbell() {
        int doorbell = (byte) page.getByte(BootParam.CONFIG_DB);
        return page.isCutShort() ? -1 : doorbell;
    }

    /** Returns whether the card has cut the page short: from then on nothing of it is worth anything. */
    public boolean isCutShort() {
        return page.isCutShort();
    }

    /** As {@link #isCutShort}, for whoever had an {@link InternalError} and wants to know whether it was the page's. */
    public boolean isFoundCutShort() {
        return page.isFoundCutShort();
    }

    /**
     * Publishes an entry: in the place of one that was removed and had the same numbers, so that every other entry stays where
     * it is and whoever walks the page at this moment meets no other size; else behind the last one.
     *
     * @param entry all of it
     * @return its place, or empty if there is none
     */
    public synchronized Optional<PageSlot> publish(DeviceEntry entry) {
        int end = BootParam.BYTES;
        for (PageSlot slot : slots) {
            if (slot.takes(entry.desc())) {
                slot.publish(entry);
                return Optional.of(slot);
            }
            end = slot.end();
        }
        // What follows the last entry says that there is none.
        if (end + DeviceEntry.totalBytes(entry.desc()) + DeviceDesc.BYTES > DevicePage.BYTES) {
            return Optional.empty();
        }
        PageSlot slot = new PageSlot(page, end, entry.desc());
        slots.add(slot);
        slot.publish(entry);
        return Optional.of(slot);
    }

    /** Returns how many bytes are left behind the last entry. */
    public synchronized int left() {
        return DevicePage.BYTES - DeviceDesc.BYTES - (slots.isEmpty() ? BootParam.BYTES : slots.getLast().end());
    }

    /**
     * Takes an entry away.
     *
     * @param slot   its place
     * @param unused whether the card has nothing of it any more; a place that the card may still use is nobody's from now on
     */
    public synchronized void remove(PageSlot slot, boolean unused) {
        slot.remove(unused);
    }
}
