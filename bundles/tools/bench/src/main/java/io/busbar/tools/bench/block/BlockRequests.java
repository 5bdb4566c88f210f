package io.busbar.tools.bench.block;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;
import io.busbar.tools.bench.vhostuser.FrontEndException;
import io.busbar.tools.bench.vhostuser.FrontEndQueue;
import io.busbar.tools.bench.vhostuser.SharedMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Requests of one queue, each in a slot of its own with header, status and room for data in shared memory (virtio 1.2,
 * 5.2.6). Header, data and status are descriptors of their own; data has as many as the device's limits ask for.
 */
public final class BlockRequests {

    /** A status that no device gives: what is there before it answers. */
    private static final byte UNANSWERED = (byte) 0xa5;

    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PAGE = 4096;
    private static final int SLOT_OVERHEAD = 64;
    private static final int STATUS = 32;

    private final MemorySegment all = Memory.ALL;
    private final FrontEndQueue queue;
    private final DriverRing ring;
    private final SharedMemory memory;
    private final int slots;
    private final int slotBytes;
    private final int segmentBytes;
    private final long heads;
    private final long data;
    private final long[] addresses;
    private final int[] lengths;
    private int published;

    BlockRequests(FrontEndQueue queue, SharedMemory memory, BlockConfig config, int slots, int slotBytes)
            throws FrontEndException {
        this.queue = queue;
        this.ring = queue.ring();
        this.memory = memory;
        this.slots = slots;
        this.slotBytes = slotBytes;
        segmentBytes = (int) Math.min(config.sizeMax(), slotBytes);
        int segments = Math.ceilDiv(slotBytes, segmentBytes);
        if (segments > config.segMax()) {
            throw new FrontEndException("requests of " + slotBytes + " bytes do not fit into " + config.segMax()
                    + " segments of " + segmentBytes + " bytes, which is all that the device takes");
        }
        heads = memory.allocate((long) slots * SLOT_OVERHEAD, SLOT_OVERHEAD);
        data = memory.allocate((long) slots * slotBytes, PAGE);
        addresses = new long[segments + 2];
        lengths = new int[segments + 2];
    }

    /** Returns how many slots there are. */
    public int slots() {
        return slots;
    }

    /** Returns the room for data in each slot, bytes. */
    public int slotBytes() {
        return slotBytes;
    }

    /**
     * Returns where the data of a slot is, in this process.
     *
     * @param slot 0 to {@link #slots} - 1
     * @return address of {@link #slotBytes} bytes
     */
    public long data(int slot) {
        return data + (long) slot * slotBytes;
    }

    /**
     * Adds a request; the device sees it after {@link #submit}.
     *
     * @param slot   free
     * @param type   {@code VIRTIO_BLK_T_*}
     * @param sector of 512 bytes; unsigned
     * @param bytes  of data, from the slot's data or into it, 0 to {@link #slotBytes}
     * @return whether the ring has room for it
     */
    public boolean add(int slot, int type, long sector, int bytes) {
        long head = heads + (long) slot * SLOT_OVERHEAD;
        all.set(U32, head + BlockRequestLayout.TYPE, type);
        all.set(U64, head + BlockRequestLayout.SECTOR, sector);
        all.set(JAVA_BYTE, head + STATUS, UNANSWERED);
        addresses[0] = memory.guest(head);
        lengths[0] = BlockRequestLayout.HEADER_BYTES;
        int count = 1;
        for (int done = 0; done < bytes; done += segmentBytes) {
            addresses[count] = memory.guest(data(slot)) + done;
            lengths[count++] = Math.min(segmentBytes, bytes - done);
        }
        int out = isReadable(type) ? count : 1;
        addresses[count] = memory.guest(head + STATUS);
        lengths[count++] = BlockRequestLayout.STATUS_BYTES;
        boolean added = ring.add(addresses, lengths, out, count - out, slot) == 0;
        published += added ? 1 : 0;
        return added;
    }

    private static boolean isReadable(int type) {
        return type == VIRTIO_BLK_T_OUT || type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES;
    }

    /** Makes what was added available to the device. */
    public void submit() {
        queue.submit();
    }

    /**
     * Takes a request that the device has ended.
     *
     * @return its slot, or -1 if there is none
     * @throws FrontEndException if the device has broken the ring
     */
    public int take() throws FrontEndException {
        int token = ring.poll();
        if (token >= 0) {
            return token;
        }
        if (token != DriverRing.EMPTY) {
            throw new FrontEndException("the device broke the queue: " + RingFault.describe(token));
        }
        return -1;
    }

    /**
     * Returns how a request ended.
     *
     * @param slot taken
     * @return {@code VIRTIO_BLK_S_*}, or anything if the device left it out
     */
    public byte status(int slot) {
        return all.get(JAVA_BYTE, heads + (long) slot * SLOT_OVERHEAD + STATUS);
    }

    /** Returns the bytes that the device says it wrote for the request that was taken last, with the status. */
    public long usedLength() {
        return ring.usedLength();
    }

    /** Returns how many requests were added since the start, modulo 65536: where the available ring is. */
    public int published() {
        return published & 0xffff;
    }

    /** Returns how many requests are in flight. */
    public int outstanding() {
        return ring.outstanding();
    }

    /**
     * Sleeps until the device calls; see {@link FrontEndQueue#await}.
     *
     * @param timeoutMillis 0 or more
     * @return false if the time is over
     * @throws FrontEndException if the device is gone
     */
    public boolean await(int timeoutMillis) throws FrontEndException {
        return queue.await(timeoutMillis);
    }
}
