package io.busbar.busdrivers.vop.page;

import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.VqConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A place in the page and its entry. Every offset is from the numbers with which the entry was published; what the card can write
 * is read where it is asked for, once, and whoever asks checks it. One thread at a time.
 */
public final class PageSlot {

    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment page;
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
    PageSlot(MemorySegment page, int offset, DeviceDesc desc) {
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
        MemorySegment.copy(bytes, rest, page, ValueLayout.JAVA_BYTE, (long) offset + rest, bytes.length - rest);
        // Pairs with the card's read barrier after the type of an entry.
        put(offset + DeviceDesc.TYPE, bytes[DeviceDesc.TYPE]);
    }

    /** Takes the entry away; its numbers stay, by which the card walks over it. */
    void remove(boolean unused) {
        free = unused;
        put(offset + DeviceDesc.TYPE, DeviceDesc.REMOVED);
    }

    /** Returns whether the card, or the host, has taken the entry away. */
    public boolean isRemoved() {
        return (byte) get(offset + DeviceDesc.TYPE) == DeviceDesc.REMOVED;
    }

    /** Returns the device status. */
    public int status() {
        return get(offset + DeviceDesc.STATUS);
    }

    /**
     * Sets the device status.
     *
     * @param status 0 to 255
     */
    public void status(int status) {
        put(offset + DeviceDesc.STATUS, status);
    }

    /** Returns the features that the card's driver has accepted. */
    public long acceptedFeatures() {
        VarHandle.acquireFence();
        return page.get(WORD, accepted);
    }

    /** Forgets the features that were accepted. */
    public void clearAcceptedFeatures() {
        page.set(WORD, accepted, 0);
    }

    /**
     * Replaces the configuration.
     *
     * @param bytes as many as were published
     */
    public void config(byte[] bytes) {
        MemorySegment.copy(bytes, 0, page, ValueLayout.JAVA_BYTE, config, configBytes);
    }

    /**
     * Returns where the card says that a used ring is.
     *
     * @param queue index
     */
    public long usedAddress(int queue) {
        VarHandle.acquireFence();
        return page.get(WORD, usedAddressAt(queue));
    }

    /**
     * Forgets where a used ring is.
     *
     * @param queue index
     */
    public void clearUsedAddress(int queue) {
        page.set(WORD, usedAddressAt(queue), 0);
    }

    private long usedAddressAt(int queue) {
        return (long) offset + DeviceEntry.queueOffset(queue) + VqConfig.USED_ADDRESS;
    }

    /** Returns whether the card asks for a reset. */
    public boolean resetAsked() {
        return get(ctrl + DeviceCtrl.RESET) != 0;
    }

    /** Says that the reset was done, as the last thing of it. */
    public void resetDone() {
        put(ctrl + DeviceCtrl.RESET, 0);
        put(ctrl + DeviceCtrl.HOST_ACK, 1);
    }

    /** Returns whether the card says that used addresses are right. */
    public boolean usedAddressesUpdated() {
        return get(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED) != 0;
    }

    /** Says that the used addresses were taken, or that there is nothing to take. */
    public void usedAddressesTaken() {
        put(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED, 0);
    }

    /**
     * Asks the card for something.
     *
     * @param what {@link DeviceCtrl#DEV_REMOVE} or {@link DeviceCtrl#CONFIG_CHANGED}
     */
    public void ask(int what) {
        put(ctrl + DeviceCtrl.GUEST_ACK, 0);
        put(ctrl + DeviceCtrl.CONFIG_CHANGE, what);
    }

    /** Returns whether the card has done what was asked. */
    public boolean acknowledged() {
        return get(ctrl + DeviceCtrl.GUEST_ACK) != 0;
    }

    /** Asks for nothing any more. */
    public void askNothing() {
        put(ctrl + DeviceCtrl.CONFIG_CHANGE, DeviceCtrl.NONE);
        put(ctrl + DeviceCtrl.GUEST_ACK, 0);
    }

    /** Returns the card's doorbell of this device; negative for none. */
    public int cardDoorbell() {
        return (byte) get(ctrl + DeviceCtrl.CARD_DB);
    }

    private int get(int at) {
        return Byte.toUnsignedInt((byte) BYTE.getVolatile(page, (long) at));
    }

    private void put(int at, int value) {
        BYTE.setVolatile(page, (long) at, (byte) value);
    }
}
