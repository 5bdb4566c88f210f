package io.busbar.busdrivers.vop.page;

import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.VqConfig;

/**
 * A place in the page and its entry. Every offset is from the numbers with which the entry was published; what the card can write
 * is read where it is asked for, once, and whoever asks checks it. One thread at a time.
 */
public final class PageSlot {

    private final PageMemory page;
    private final int offset;
    private final int queues;
    private final int configBytes;
    private final int total;
    private final int accepted;
    private final int config;
    private final int ctrl;
    private boolean free;

    /**
     * Describes a place.
     *
     * @param page   the page
     * @param offset of the entry in it
     * @param desc   the numbers of the entry
     */
    PageSlot(PageMemory page, int offset, DeviceDesc desc) {
        this.page = page;
        this.offset = offset;
        queues = desc.queues();
        configBytes = desc.configLen();
        total = DeviceEntry.totalBytes(desc);
        accepted = offset + DeviceEntry.acceptedOffset(desc);
        config = offset + DeviceEntry.configOffset(desc);
        ctrl = offset + DeviceEntry.descBytes(desc);
    }

    /** Returns the offset in the page. */
    public int offset() {
        return offset;
    }

    int end() {
        return offset + total;
    }

    boolean takes(DeviceDesc desc) {
        return free && desc.queues() == queues && desc.configLen() == configBytes;
    }

    /**
     * Publishes an entry: its type last, which makes the rest of it be there.
     *
     * @param entry of the numbers that this place is for
     */
    void publish(DeviceEntry entry) {
        free = false;
        byte[] bytes = entry.encode();
        int rest = DeviceDesc.TYPE + 1;
        page.put(offset + rest, bytes, rest);
        page.putByte(offset + DeviceDesc.TYPE, bytes[DeviceDesc.TYPE]);
    }

    /** Takes the entry away; its numbers stay, by which the card walks over it. */
    void remove(boolean unused) {
        free = unused;
        page.putByte(offset + DeviceDesc.TYPE, DeviceDesc.REMOVED);
    }

    /** Returns whether the card, or the host, has taken the entry away. */
    public boolean isRemoved() {
        return (byte) page.getByte(offset + DeviceDesc.TYPE) == DeviceDesc.REMOVED;
    }

    /** Returns the device status. */
    public int status() {
        return page.getByte(offset + DeviceDesc.STATUS);
    }

    /**
     * Sets the device status.
     *
     * @param status 0 to 255
     */
    public void status(int status) {
        page.putByte(offset + DeviceDesc.STATUS, status);
    }

    /** Returns the features that the card's driver has accepted; the status that says so was read before. */
    public long acceptedFeatures() {
        return page.getLong(accepted);
    }

    /** Forgets the features that were accepted. */
    public void clearAcceptedFeatures() {
        page.putLong(accepted, 0);
    }

    /**
     * Replaces the configuration.
     *
     * @param bytes as many as were published
     */
    public void config(byte[] bytes) {
        page.put(config, bytes, 0);
    }

    /**
     * Returns where the card says that a used ring is; {@link #usedAddressesUpdated} was read before.
     *
     * @param queue index
     */
    public long usedAddress(int queue) {
        return page.getLong(usedAddressAt(queue));
    }

    /**
     * Forgets where a used ring is.
     *
     * @param queue index
     */
    public void clearUsedAddress(int queue) {
        page.putLong(usedAddressAt(queue), 0);
    }

    private int usedAddressAt(int queue) {
        return offset + DeviceEntry.queueOffset(queue) + VqConfig.USED_ADDRESS;
    }

    /** Returns whether the card asks for a reset. */
    public boolean resetAsked() {
        return page.getByte(ctrl + DeviceCtrl.RESET) != 0;
    }

    /** Says that the reset was done, as the last thing of it. */
    public void resetDone() {
        page.putByte(ctrl + DeviceCtrl.RESET, 0);
        page.putByte(ctrl + DeviceCtrl.HOST_ACK, 1);
    }

    /** Returns whether the card says that used addresses are right. */
    public boolean usedAddressesUpdated() {
        return page.getByte(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED) != 0;
    }

    /** Says that the used addresses were taken, or that there is nothing to take. */
    public void usedAddressesTaken() {
        page.putByte(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED, 0);
    }

    /**
     * Asks the card for something.
     *
     * @param what {@link DeviceCtrl#DEV_REMOVE} or {@link DeviceCtrl#CONFIG_CHANGED}
     */
    public void ask(int what) {
        page.putByte(ctrl + DeviceCtrl.GUEST_ACK, 0);
        page.putByte(ctrl + DeviceCtrl.CONFIG_CHANGE, what);
    }

    /** Returns whether the card has done what was asked. */
    public boolean acknowledged() {
        return page.getByte(ctrl + DeviceCtrl.GUEST_ACK) != 0;
    }

    /** Asks for nothing any more. */
    public void askNothing() {
        page.putByte(ctrl + DeviceCtrl.CONFIG_CHANGE, DeviceCtrl.NONE);
        page.putByte(ctrl + DeviceCtrl.GUEST_ACK, 0);
    }

    /** Returns the card's doorbell of this device; negative for none. */
    public int cardDoorbell() {
        return (byte) page.getByte(ctrl + DeviceCtrl.CARD_DB);
    }
}
