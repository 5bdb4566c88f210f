package io.busbar.busdrivers.vop;

import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.core.virtio.vop.VqConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;

/** The card's driver of one entry: the steps of Linux' {@code vop_main.c}, one by one. */
final class ScriptedDriver {

    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 0x40;

    private static final int DOORBELL = 7;
    private static final int HEADER = 16;

    final ScriptedCard card;
    final DevicePage.Slot slot;
    final DriverRing[] rings;
    final LinkWindow[] host;
    final OwnMemory[] used;
    private final long ctrl;
    private final AtomicInteger calls = new AtomicInteger();
    private VopInterrupt interrupt;
    private long features;
    private long statusAt;

    ScriptedDriver(ScriptedCard card, DevicePage.Slot slot) {
        this.card = card;
        this.slot = slot;
        ctrl = slot.end() - DeviceCtrl.BYTES;
        int queues = slot.entry().queues().size();
        rings = new DriverRing[queues];
        host = new LinkWindow[queues];
        used = new OwnMemory[queues];
    }

    // Steps

    /** Says which doorbell the host is to ring. */
    ScriptedDriver takeDoorbell() throws VopException {
        interrupt = card.ops.requestInterrupt(DOORBELL, "device", card.ops.meter("device", -1), calls::incrementAndGet);
        put(ctrl + DeviceCtrl.CARD_DB, DOORBELL);
        return this;
    }

    void ring() {
        card.ops.sendInterrupt((byte) get(ctrl + DeviceCtrl.HOST_DB), card.ops.meter("device", -1));
    }

    void askForReset() {
        put(ctrl + DeviceCtrl.HOST_ACK, 0);
        put(ctrl + DeviceCtrl.RESET, 1);
        ring();
    }

    void reset() {
        askForReset();
        eventually("host_ack", () -> get(ctrl + DeviceCtrl.HOST_ACK) == 1);
        put(slot.offset() + DeviceDesc.STATUS, 0);
    }

    void status(int status) {
        put(slot.offset() + DeviceDesc.STATUS, status);
        ring();
    }

    int status() {
        return get(slot.offset() + DeviceDesc.STATUS);
    }

    void accept(long accepted) {
        features = accepted;
        card.page.putLong(slot.offset() + DeviceEntry.acceptedOffset(slot.entry().desc()), accepted);
    }

    /** Maps the host's part of a ring, and makes the used ring. */
    void makeRing(int queue) throws VopException {
        VqConfig config = slot.entry().queues().get(queue);
        int size = config.size();
        host[queue] = card.ops.map(config.address(), VopRing.hostBytes(size), card.ops.meter("device", queue));
        assertThat(host[queue].getInt(VopRing.infoOffset(size) + VopRing.INFO_MAGIC))
                .isEqualTo(VopRing.magic(slot.entry().desc().type(), queue));
        used[queue] = card.ops.allocate("used", VopRing.usedBytes(size));
        long table = host[queue].segment().address();
        rings[queue] = Rings.plainDriver(new DriverRingConfig(
                new RingAddresses(Memory.ALL, table, table + VopRing.availOffset(size), used[queue].segment().address()),
                size, features));
    }

    void giveUsedAddress(int queue, long address) {
        card.page.putLong(slot.offset() + DeviceEntry.queueOffset(queue) + VqConfig.USED_ADDRESS, address);
    }

    void usedAddressesUpdated() {
        put(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED, 1);
        ring();
    }

    void awaitUsedAddressesTaken() {
        eventually("used addresses taken", () -> get(ctrl + DeviceCtrl.USED_ADDRESS_UPDATED) == 0);
    }

    /** All of it up to FEATURES_OK. */
    ScriptedDriver settle(long accepted) throws VopException {
        takeDoorbell();
        reset();
        status(ACKNOWLEDGE);
        status(ACKNOWLEDGE | DRIVER);
        accept(accepted);
        status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        return this;
    }

    ScriptedDriver connect() throws VopException {
        for (int i = 0; i < rings.length; i++) {
            makeRing(i);
            giveUsedAddress(i, used[i].peerAddress());
        }
        usedAddressesUpdated();
        awaitUsedAddressesTaken();
        return this;
    }

    void goLive() {
        status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /** All of it. */
    ScriptedDriver bringUp() throws VopException {
        settle(slot.entry().offeredFeatures()).connect().goLive();
        return this;
    }

    /** Again, after a reset. */
    void bringUpAgain() throws VopException {
        bringUpAgain(slot.entry().offeredFeatures());
    }

    void bringUpAgain(long accepted) throws VopException {
        interrupt.close();
        settle(accepted).connect().goLive();
    }

    // What the host says

    int calls() {
        return calls.get();
    }

    int configChange() {
        return get(ctrl + DeviceCtrl.CONFIG_CHANGE);
    }

    void acknowledge() {
        put(ctrl + DeviceCtrl.GUEST_ACK, 1);
    }

    /** Of itself, as a card does that shuts down. */
    void leave() {
        put(ctrl + DeviceCtrl.CARD_DB, -1);
        interrupt.close();
        ring();
    }

    /** As the last that a driver says of a device that goes. */
    void letGo() {
        put(ctrl + DeviceCtrl.CARD_DB, -1);
        acknowledge();
        ring();
    }

    boolean resetDone() {
        return get(ctrl + DeviceCtrl.HOST_ACK) == 1;
    }

    byte[] config() {
        byte[] bytes = new byte[slot.entry().desc().configLen()];
        long at = slot.offset() + DeviceEntry.configOffset(slot.entry().desc());
        card.page.copyTo(at, MemorySegment.ofArray(bytes), 0, bytes.length);
        return bytes;
    }

    void awaitNeedsReset() {
        eventually("DEVICE_NEEDS_RESET", () -> (status() & NEEDS_RESET) != 0);
    }

    void put(long offset, int value) {
        card.page.putByte(offset, value);
    }

    int get(long offset) {
        return card.page.getByte(offset);
    }

    // Requests

    void write(long at, byte[] bytes) {
        MemorySegment.copy(bytes, 0, card.memory.segment(), ValueLayout.JAVA_BYTE, at, bytes.length);
    }

    byte[] read(long at, int length) {
        return card.memory.segment().asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    }

    long address(long at) {
        return card.memory.peerAddress() + at;
    }

    void kick(int queue) {
        rings[queue].publish();
        if (rings[queue].kickNeeded()) {
            ring();
        }
    }

    /** Waits for a chain to be used; returns its token. */
    int awaitUsed(int queue) {
        int[] token = {DriverRing.EMPTY};
        eventually("a chain of queue " + queue + " is used", () -> (token[0] = rings[queue].poll()) != DriverRing.EMPTY);
        assertThat(token[0]).as("what the used ring says").isNotNegative();
        return token[0];
    }

    /** Adds a block request: what lies in the card's memory, header and status elsewhere in it. */
    int addBlock(int type, long sector, long data, int bytes, int token) {
        long header = card.allocate(HEADER, 4);
        long status = card.allocate(1, 33);
        statusAt = status;
        card.memory.segment().set(ValueLayout.JAVA_INT_UNALIGNED, header, type);
        card.memory.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, header + 8, sector);
        card.memory.segment().set(ValueLayout.JAVA_BYTE, status, (byte) 0xee);
        int out = type == VirtioBlk.VIRTIO_BLK_T_OUT ? 2 : 1;
        return rings[0].add(new long[] {address(header), address(data), address(status)}, new int[] {HEADER, bytes, 1},
                out, 3 - out, token);
    }

    /** The status of the block request that was added last. */
    int blockStatus() {
        return card.memory.segment().get(ValueLayout.JAVA_BYTE, statusAt);
    }

    /** Writes to the disk, and waits. */
    void writeBlock(long sector, byte[] bytes) {
        long data = card.allocate(bytes.length, 0);
        write(data, bytes);
        assertThat(addBlock(VirtioBlk.VIRTIO_BLK_T_OUT, sector, data, bytes.length, 1)).isZero();
        kick(0);
        awaitUsed(0);
        assertThat(rings[0].usedLength()).isEqualTo(1);
    }

    /** Reads from the disk, and waits. */
    byte[] readBlock(long sector, int bytes) {
        long data = card.allocate(bytes, 0);
        assertThat(addBlock(VirtioBlk.VIRTIO_BLK_T_IN, sector, data, bytes, 2)).isZero();
        kick(0);
        awaitUsed(0);
        assertThat(rings[0].usedLength()).isEqualTo(bytes + 1L);
        return read(data, bytes);
    }
}
