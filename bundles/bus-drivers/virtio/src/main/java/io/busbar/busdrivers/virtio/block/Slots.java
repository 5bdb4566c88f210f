package io.busbar.busdrivers.virtio.block;

import static io.busbar.core.virtio.block.VirtioBlk.SECTOR_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_UNSUPP;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.api.driver.DriverException;
import io.busbar.busdrivers.virtio.life.DriverQueue;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.SharedMemory;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.core.virtio.ring.DriverRing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The requests of one queue from one reset to the next: each in a slot with header, status and room for data in shared
 * memory (virtio 1.2, 5.2.6). Under the disk's lock, apart from {@link #fill} and {@link #judge}, which belong to the thread
 * that has the slot.
 */
final class Slots {

    /** Header and status of a slot, in a cache line of their own. */
    static final int HEAD_BYTES = 64;

    private static final int STATUS = 32;
    private static final int PAGE = 4096;
    private static final int NONE_TO_COPY = 0;
    /** A status that no device gives: what is there before it answers. */
    private static final byte UNANSWERED = (byte) 0xa5;
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A piece of an operation, or free. */
    static final class Slot {
        private final int number;
        private final long head;
        private final long data;
        private Transfer transfer;
        /** From the begin of the operation. */
        private long from;
        private long bytes;
        private boolean withDevice;
        private long usedLength;
        private DriverException failure;

        private Slot(int number, long head, long data) {
            this.number = number;
            this.head = head;
            this.data = data;
        }

        Transfer transfer() {
            return transfer;
        }

        /** Returns why it failed, or null. */
        DriverException failure() {
            return failure;
        }
    }

    private final String device;
    private final DiskGeometry geometry;
    private final SharedMemory memory;
    private final MemorySegment segment;
    private final DriverQueue queue;
    private final DriverRing ring;
    private final int slotBytes;
    private final long segmentBytes;
    private final Slot[] slots;
    private final int[] free;
    private int freeCount;
    private final long[] addresses;
    private final int[] lengths;

    Slots(LiveDevice live, DiskGeometry geometry, SlotPlan plan) {
        device = live.offer().device();
        this.geometry = geometry;
        memory = live.memory();
        segment = memory.segment();
        queue = live.queue(0);
        ring = queue.ring();
        slotBytes = plan.bytes();
        segmentBytes = Math.min(geometry.segmentBytes(), slotBytes);
        slots = new Slot[plan.slots()];
        free = new int[plan.slots()];
        freeCount = plan.slots();
        addresses = new long[plan.segments() + 2];
        lengths = new int[plan.segments() + 2];
        long heads = memory.allocate((long) plan.slots() * HEAD_BYTES, HEAD_BYTES);
        long data = memory.allocate((long) plan.slots() * slotBytes, PAGE);
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot(i, heads + (long) i * HEAD_BYTES, data + (long) i * slotBytes);
            // The first slots are on top: little work touches little memory.
            free[i] = slots.length - 1 - i;
        }
    }

    boolean hasFree() {
        return freeCount > 0;
    }

    /** Returns whether the device has a request for an operation. */
    boolean serves(Operation operation) {
        return operation != Operation.DISCARD || geometry.maxDiscardBytes() > 0;
    }

    /** Takes a free slot for the next piece of an operation. */
    Slot take(Transfer transfer) {
        Slot slot = slots[free[--freeCount]];
        slot.transfer = transfer;
        slot.from = transfer.beginPiece(most(transfer));
        slot.bytes = transfer.pieceEnd() - slot.from;
        slot.failure = null;
        return slot;
    }

    /** Returns the most bytes that a piece may have. */
    private long most(Transfer transfer) {
        return switch (transfer.operation()) {
            case DISCARD -> geometry.maxDiscardBytes();
            case WRITE_ZEROES -> writesZeroes() ? slotBytes : geometry.maxZeroesBytes();
            case READ, WRITE, FLUSH -> slotBytes;
        };
    }

    /** Zeroes are written where the device has no request for them. */
    private boolean writesZeroes() {
        return geometry.maxZeroesBytes() == 0;
    }

    /** Writes the request, with the user's bytes. */
    void fill(Slot slot) {
        Transfer transfer = slot.transfer;
        long sector = (transfer.offset() + slot.from) / SECTOR_BYTES;
        try {
            segment.set(JAVA_BYTE, slot.head + STATUS, UNANSWERED);
            switch (transfer.operation()) {
                case READ -> putHeader(slot, transfer.operation().type(), sector);
                case WRITE -> {
                    putHeader(slot, transfer.operation().type(), sector);
                    MemorySegment.copy(transfer.data(), slot.from, segment, slot.data, slot.bytes);
                }
                case FLUSH -> putHeader(slot, transfer.operation().type(), 0);
                case DISCARD -> putRange(slot, sector, 0);
                case WRITE_ZEROES -> fillZeroes(slot, sector);
            }
        } catch (RuntimeException | InternalError e) {
            slot.failure = unusable(transfer, e);
        }
    }

    private void fillZeroes(Slot slot, long sector) {
        if (writesZeroes()) {
            putHeader(slot, VIRTIO_BLK_T_OUT, sector);
            segment.asSlice(slot.data, slot.bytes).fill((byte) 0);
        } else {
            putRange(slot, sector, slot.transfer.unmap() ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0);
        }
    }

    private void putHeader(Slot slot, int type, long sector) {
        segment.set(U32, slot.head + BlockRequestLayout.TYPE, type);
        segment.set(U32, slot.head + BlockRequestLayout.TYPE + Integer.BYTES, 0);
        segment.set(U64, slot.head + BlockRequestLayout.SECTOR, sector);
    }

    private void putRange(Slot slot, long sector, int flags) {
        putHeader(slot, slot.transfer.operation().type(), 0);
        segment.set(U64, slot.data + BlockRequestLayout.SEGMENT_SECTOR, sector);
        segment.set(U32, slot.data + BlockRequestLayout.SEGMENT_NUM_SECTORS, (int) (slot.bytes / SECTOR_BYTES));
        segment.set(U32, slot.data + BlockRequestLayout.SEGMENT_FLAGS, flags);
    }

    /** Adds a request that was filled; the device sees it after {@link #submit}. There is room for all slots. */
    void add(Slot slot) {
        Operation operation = slot.transfer.operation();
        addresses[0] = memory.iova(slot.head);
        lengths[0] = BlockRequestLayout.HEADER_BYTES;
        int count = 1;
        long bytes = dataBytes(slot);
        for (long done = 0; done < bytes; done += segmentBytes) {
            addresses[count] = memory.iova(slot.data + done);
            lengths[count++] = (int) Math.min(segmentBytes, bytes - done);
        }
        int out = operation == Operation.READ ? 1 : count;
        addresses[count] = memory.iova(slot.head + STATUS);
        lengths[count++] = BlockRequestLayout.STATUS_BYTES;
        if (ring.add(addresses, lengths, out, count - out, slot.number) != 0) {
            throw new IllegalStateException("no room in the queue for a slot");
        }
        slot.withDevice = true;
    }

    private long dataBytes(Slot slot) {
        return switch (slot.transfer.operation()) {
            case READ, WRITE -> slot.bytes;
            case FLUSH -> NONE_TO_COPY;
            case DISCARD -> BlockRequestLayout.SEGMENT_BYTES;
            case WRITE_ZEROES -> writesZeroes() ? slot.bytes : BlockRequestLayout.SEGMENT_BYTES;
        };
    }

    /** Makes available what was added. */
    void submit() {
        queue.submit();
    }

    /**
     * Takes requests that the device has used.
     *
     * @param taken filled with their slots
     * @return how many; or a {@link io.busbar.core.virtio.ring.RingFault} if there is none and the queue is broken
     */
    int poll(Slot[] taken) {
        ring.disableCalls();
        int count = 0;
        while (count < taken.length) {
            int token = ring.poll();
            if (token < 0) {
                return count > 0 || token == DriverRing.EMPTY ? count : token;
            }
            Slot slot = slots[token];
            slot.withDevice = false;
            slot.usedLength = ring.usedLength();
            slot.transfer.touch();
            taken[count++] = slot;
        }
        return count;
    }

    /** Asks the device for calls; returns whether it used something meanwhile. */
    boolean enableCalls() {
        return ring.enableCalls();
    }

    /** Finds out how a request ended, and gives the user what was read. */
    void judge(Slot slot) {
        Transfer transfer = slot.transfer;
        int status = Byte.toUnsignedInt(segment.get(JAVA_BYTE, slot.head + STATUS));
        if (status != VIRTIO_BLK_S_OK) {
            slot.failure = refused(transfer, status);
        } else if (transfer.operation() == Operation.READ && !transfer.isAbandoned()) {
            deliver(slot);
        }
    }

    private void deliver(Slot slot) {
        Transfer transfer = slot.transfer;
        // The device vouches for the bytes that it counts, status included (virtio 1.2, 2.7.8.2).
        long read = slot.usedLength - BlockRequestLayout.STATUS_BYTES;
        if (read < slot.bytes) {
            slot.failure = failure(transfer, DriverException.Kind.DEVICE_ERROR, VIRTIO_BLK_S_OK,
                    "the device says that it gave " + Math.max(0, read) + " bytes of " + slot.bytes);
            return;
        }
        try {
            MemorySegment.copy(segment, slot.data, transfer.data(), slot.from, slot.bytes);
        } catch (RuntimeException | InternalError e) {
            slot.failure = unusable(transfer, e);
        }
    }

    private DriverException refused(Transfer transfer, int status) {
        return status == VIRTIO_BLK_S_UNSUPP
                ? failure(transfer, DriverException.Kind.UNSUPPORTED, status, "the device does not support it (status 2)")
                : failure(transfer, DriverException.Kind.DEVICE_ERROR, status, status == Byte.toUnsignedInt(UNANSWERED)
                        ? "the device gave no status" : "the device failed to do it (status " + status + ")");
    }

    private DriverException unusable(Transfer transfer, Throwable why) {
        DriverException failure = failure(transfer, DriverException.Kind.MEMORY, DriverException.NO_STATUS,
                "the memory that was given for it cannot be used: " + why.getMessage());
        failure.initCause(why);
        return failure;
    }

    /** Makes the exception of an operation. */
    DriverException failure(Transfer transfer, DriverException.Kind kind, int status, String what) {
        return new DriverException(kind, status,
                device + ": " + transfer.operation().describe(transfer.offset(), transfer.length()) + ": " + what);
    }

    /** Frees a slot that the device does not have. */
    void release(Slot slot) {
        slot.transfer = null;
        slot.failure = null;
        free[freeCount++] = slot.number;
    }

    /** Leaves a slot to {@link #takeLost}: it was filled when its device was halted. */
    void lose(Slot slot) {
        slot.withDevice = true;
    }

    /** Returns the slots that the device had, after its reset; each once. */
    Slot[] takeLost() {
        Slot[] lost = new Slot[slots.length];
        int count = 0;
        for (Slot slot : slots) {
            if (slot.withDevice) {
                slot.withDevice = false;
                lost[count++] = slot;
            }
        }
        return Arrays.copyOf(lost, count);
    }
}
