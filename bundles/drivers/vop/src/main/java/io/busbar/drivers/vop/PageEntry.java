package io.busbar.drivers.vop;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vop.LinkWindow;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VqConfig;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One entry of the host's page: what it said when it was found, which is what counts from then on, and the fields by which the
 * two ends ask each other. What is written here is written over the link, and each question is a read over it.
 */
final class PageEntry {

    private static final int YES = 1;
    private static final int NO = 0;
    private static final int RING_ALIGN = 16;

    private final LinkWindow page;
    private final int offset;
    private final DeviceEntry found;
    private final int ctrl;
    private final long handle;

    /**
     * Takes an entry.
     *
     * @param page   in which it is
     * @param slot   where, and what it says
     * @param handle by which it is known again, not 0
     */
    PageEntry(LinkWindow page, DevicePage.Slot slot, long handle) {
        this.page = page;
        this.offset = slot.offset();
        this.found = slot.entry();
        this.ctrl = offset + DeviceEntry.descBytes(found.desc());
        this.handle = handle;
    }

    /**
     * Checks that there can be a device of it.
     *
     * @throws VdpaException EINVAL, saying what the host wrote and what was expected
     */
    void check() throws VdpaException {
        DeviceDesc desc = found.desc();
        expect(desc.queues() >= 1 && desc.queues() <= DeviceDesc.MAX_QUEUES,
                desc.queues() + " queues", "1 to " + DeviceDesc.MAX_QUEUES);
        for (VqConfig queue : found.queues()) {
            expect(queue.size() >= 1 && queue.size() <= VqConfig.MAX_ENTRIES && Integer.bitCount(queue.size()) == 1,
                    "a queue of " + queue.size() + " entries", "a power of two, 1 to " + VqConfig.MAX_ENTRIES);
            expect(queue.address() != 0 && queue.address() % RING_ALIGN == 0,
                    "a ring at 0x" + Long.toHexString(queue.address()), "a multiple of " + RING_ALIGN + " that is not 0");
        }
        expect(hostDb() >= 0, "no doorbell of the host", "one");
        if (!VirtioConfig.has(offered(), VirtioConfig.VIRTIO_F_VERSION_1)) {
            throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, this
                    + " does not offer VERSION_1: expected a device that is not a legacy one", null);
        }
    }

    private void expect(boolean right, String found, String expected) throws VdpaException {
        if (!right) {
            throw new VdpaException(VdpaError.EINVAL, Reason.PROTOCOL_VIOLATION,
                    this + " has " + found + ": expected " + expected, null);
        }
    }

    /** Returns whether a slot is still this entry, and not one that took its place. */
    boolean is(DevicePage.Slot slot) {
        DeviceDesc was = found.desc();
        DeviceDesc now = slot.entry().desc();
        return slot.offset() == offset && now.type() == was.type() && now.queues() == was.queues()
                && now.featureLen() == was.featureLen() && now.configLen() == was.configLen()
                && slot.entry().ctrl().vdev() == handle;
    }

    int offset() {
        return offset;
    }

    int type() {
        return found.desc().type();
    }

    List<VqConfig> queues() {
        return found.queues();
    }

    long offered() {
        return found.offeredFeatures();
    }

    /** Returns the configuration as it is now. */
    byte[] readConfig() {
        byte[] now = new byte[found.desc().configLen()];
        page.copyTo(offset + DeviceEntry.configOffset(found.desc()), MemorySegment.ofArray(now), 0, now.length);
        return now;
    }

    /** Returns the host's doorbell, as it was when the entry was found. */
    int hostDb() {
        return found.ctrl().hostDb();
    }

    // What the card writes

    /** Marks the entry as known: a number, no address, which a fresh entry does not have. */
    void mark() {
        page.putLong(ctrl + DeviceCtrl.VDEV, handle);
    }

    void cardDb(int doorbell) {
        page.putByte(ctrl + DeviceCtrl.CARD_DB, doorbell);
    }

    void status(int status) {
        page.putByte(offset + DeviceDesc.STATUS, status);
    }

    void accepted(long features) {
        byte[] bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(features).array();
        page.copyFrom(offset + DeviceEntry.acceptedOffset(found.desc()), MemorySegment.ofArray(bytes), 0,
                Math.min(found.desc().featureLen(), Long.BYTES));
    }

    void usedAddress(int queue, long address) {
        page.putLong(offset + DeviceEntry.queueOffset(queue) + VqConfig.USED_ADDRESS, address);
    }

    void usedAddressUpdated() {
        page.putByte(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED, YES);
    }

    void withdrawUsedRings() {
        page.putByte(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED, NO);
        for (int i = 0; i < found.queues().size(); i++) {
            usedAddress(i, 0);
        }
    }

    void askReset() {
        page.putByte(ctrl + DeviceCtrl.HOST_ACK, NO);
        page.putByte(ctrl + DeviceCtrl.RESET, YES);
    }

    /** Tells the host that what it asked for was done. */
    void acknowledge() {
        page.putByte(ctrl + DeviceCtrl.GUEST_ACK, YES);
    }

    // What the card asks

    /** Returns the status; all bits if the link is gone. */
    int status() {
        return page.getByte(offset + DeviceDesc.STATUS);
    }

    /** Returns 1 once the host has done the reset; more than 1 if the link is gone. */
    int hostAck() {
        return page.getByte(ctrl + DeviceCtrl.HOST_ACK);
    }

    /** Returns 0 once the host has taken the used addresses; more than 1 if the link is gone. */
    int usedAddressPending() {
        return page.getByte(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED);
    }

    @Override
    public String toString() {
        return "the entry at " + offset + " of the host's page";
    }
}
