package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_IN_ORDER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;
import static io.busbar.core.virtio.VirtioConfig.bit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A split queue and some guest memory, written word by word from the text of the standard and not with the code under
 * test. Three address bases that never agree: host address, guest address (iova), and offset in guest memory.
 */
final class HandRing {

    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    static final long VERSION_1 = bit(VIRTIO_F_VERSION_1);
    static final long EVENT_IDX = bit(VIRTIO_RING_F_EVENT_IDX);
    static final long INDIRECT_DESC = bit(VIRTIO_RING_F_INDIRECT_DESC);
    static final long IN_ORDER = bit(VIRTIO_F_IN_ORDER);

    /** Guest memory is in three regions: two of 64 KiB that follow each other for the guest only, and a read-only one. */
    static final long LOW = 0xffff_8000_1234_0000L;
    static final long HIGH = LOW + 0x1_0000;
    static final long READ_ONLY = 0x7000_0000L;
    static final int REGION_BYTES = 0x1_0000;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(
            ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(
            ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(
            ByteOrder.LITTLE_ENDIAN);

    final int size;
    final long features;
    final MemorySegment descriptors;
    final MemorySegment avail;
    final MemorySegment used;
    final MemorySegment low;
    final MemorySegment high;
    final MemorySegment readOnly;
    final int startIndex;
    int availIndex;

    HandRing(int size, long features) {
        this(size, features, 0);
    }

    HandRing(int size, long features, int startIndex) {
        Arena arena = Arena.global();
        this.size = size;
        this.features = VERSION_1 | features;
        descriptors = arena.allocate(16L * size, 16);
        avail = arena.allocate(6 + 2L * size, 2);
        used = arena.allocate(6 + 8L * size, 4);
        high = arena.allocate(REGION_BYTES, 4096);
        arena.allocate(4096);
        low = arena.allocate(REGION_BYTES, 4096);
        readOnly = arena.allocate(REGION_BYTES, 4096);
        this.startIndex = startIndex;
        availIndex = startIndex;
        setAvailIndex(startIndex);
        used.set(U16, 2, (short) startIndex);
    }

    private HandRing(HandRing from, MemorySegment table) {
        size = from.size;
        features = from.features;
        startIndex = from.startIndex;
        descriptors = table;
        avail = from.avail;
        used = from.used;
        low = from.low;
        high = from.high;
        readOnly = from.readOnly;
    }

    /** The same queue with another table in the place of its descriptor table, to read entries from. */
    HandRing withTable(MemorySegment table) {
        return new HandRing(this, table);
    }

    Regions regions() {
        return Regions.of(List.of(
                new Regions.Region(HIGH, REGION_BYTES, high.address(), true),
                new Regions.Region(LOW, REGION_BYTES, low.address(), true),
                new Regions.Region(READ_ONLY, REGION_BYTES, readOnly.address(), false)));
    }

    RingAddresses addresses() {
        return new RingAddresses(ALL, descriptors.address(), avail.address(), used.address());
    }

    DeviceRingConfig config() {
        return new DeviceRingConfig(addresses(), size, features).withNextAvail(startIndex);
    }

    HandRing descriptor(int index, long address, long length, int flags, int next) {
        write(descriptors, index, address, length, flags, next);
        return this;
    }

    /** Writes an entry of an indirect table that lies at an offset of a region. */
    static void entry(MemorySegment region, long offset, int index, long address, long length, int flags, int next) {
        write(region.asSlice(offset), index, address, length, flags, next);
    }

    private static void write(MemorySegment table, int index, long address, long length, int flags, int next) {
        table.set(U64, 16L * index, address);
        table.set(U32, 16L * index + 8, (int) length);
        table.set(U16, 16L * index + 12, (short) flags);
        table.set(U16, 16L * index + 14, (short) next);
    }

    /** Makes heads available, as a driver does: slots, then the index. */
    HandRing offer(int... heads) {
        for (int head : heads) {
            avail.set(U16, 4 + 2L * (availIndex % size), (short) head);
            availIndex = availIndex + 1 & 0xffff;
        }
        setAvailIndex(availIndex);
        return this;
    }

    HandRing setAvailIndex(int value) {
        avail.set(U16, 2, (short) value);
        return this;
    }

    HandRing availFlags(int value) {
        avail.set(U16, 0, (short) value);
        return this;
    }

    HandRing usedEvent(int value) {
        avail.set(U16, 4 + 2L * size, (short) value);
        return this;
    }

    int usedFlags() {
        return Short.toUnsignedInt(used.get(U16, 0));
    }

    int usedIndex() {
        return Short.toUnsignedInt(used.get(U16, 2));
    }

    HandRing setUsedIndex(int value) {
        used.set(U16, 2, (short) value);
        return this;
    }

    long usedId(int slot) {
        return Integer.toUnsignedLong(used.get(U32, 4 + 8L * (slot % size)));
    }

    long usedLength(int slot) {
        return Integer.toUnsignedLong(used.get(U32, 8 + 8L * (slot % size)));
    }

    HandRing setUsed(int slot, long id, long length) {
        used.set(U32, 4 + 8L * (slot % size), (int) id);
        used.set(U32, 8 + 8L * (slot % size), (int) length);
        return this;
    }

    int availEvent() {
        return Short.toUnsignedInt(used.get(U16, 4 + 8L * size));
    }

    HandRing setAvailEvent(int value) {
        used.set(U16, 4 + 8L * size, (short) value);
        return this;
    }

    HandRing setUsedFlags(int value) {
        used.set(U16, 0, (short) value);
        return this;
    }

    int availIndexInMemory() {
        return Short.toUnsignedInt(avail.get(U16, 2));
    }

    int availFlags() {
        return Short.toUnsignedInt(avail.get(U16, 0));
    }

    int usedEvent() {
        return Short.toUnsignedInt(avail.get(U16, 4 + 2L * size));
    }

    int availSlot(int slot) {
        return Short.toUnsignedInt(avail.get(U16, 4 + 2L * (slot % size)));
    }

    long descriptorAddress(int index) {
        return descriptors.get(U64, 16L * index);
    }

    long descriptorLength(int index) {
        return Integer.toUnsignedLong(descriptors.get(U32, 16L * index + 8));
    }

    int descriptorFlags(int index) {
        return Short.toUnsignedInt(descriptors.get(U16, 16L * index + 12));
    }

    int descriptorNext(int index) {
        return Short.toUnsignedInt(descriptors.get(U16, 16L * index + 14));
    }
}
