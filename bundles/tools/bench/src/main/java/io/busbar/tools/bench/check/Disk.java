package io.busbar.tools.bench.check;

import static io.busbar.core.virtio.block.VirtioBlk.SECTOR_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_IN;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.core.linux.Memory;
import io.busbar.tools.bench.block.BlockRequests;
import io.busbar.tools.bench.vhostuser.FrontEndException;
import java.lang.foreign.MemorySegment;

/** Transfers of byte arrays, with one or many requests at the same time. */
final class Disk {

    private static final int DEADLINE_MILLIS = 10_000;

    private final BlockRequests requests;

    Disk(BlockRequests requests) {
        this.requests = requests;
    }

    /**
     * Does one request that is expected to be done, with data in either direction.
     *
     * @return its status
     */
    byte request(int type, long sector, byte[] data) throws FrontEndException {
        copyIn(0, data, 0, data.length);
        add(0, type, sector, data.length);
        requests.submit();
        await();
        if (type != VIRTIO_BLK_T_OUT) {
            copyOut(0, data, 0, data.length);
        }
        return requests.status(0);
    }

    /** Reads at a sector, in requests of no more than so many bytes each, so many at the same time. */
    byte[] read(long sector, int bytes, int requestBytes, int depth) throws FrontEndException {
        byte[] data = new byte[bytes];
        transfer(VIRTIO_BLK_T_IN, sector, data, requestBytes, depth);
        return data;
    }

    /** Writes at a sector; as {@link #read}. */
    void write(long sector, byte[] data, int requestBytes, int depth) throws FrontEndException {
        transfer(VIRTIO_BLK_T_OUT, sector, data, requestBytes, depth);
    }

    private void transfer(int type, long sector, byte[] data, int requestBytes, int depth) throws FrontEndException {
        int[] offsets = new int[depth];
        int next = 0;
        for (int slot = 0; slot < depth && next < data.length; slot++) {
            offsets[slot] = next;
            next += begin(slot, type, sector, data, next, requestBytes);
        }
        requests.submit();
        while (requests.outstanding() > 0) {
            int slot = await();
            if (requests.status(slot) != VIRTIO_BLK_S_OK) {
                throw new FrontEndException((type == VIRTIO_BLK_T_OUT ? "write" : "read") + " at sector "
                        + (sector + offsets[slot] / SECTOR_BYTES) + " ended with status " + requests.status(slot));
            }
            if (type != VIRTIO_BLK_T_OUT) {
                copyOut(slot, data, offsets[slot], Math.min(requestBytes, data.length - offsets[slot]));
            }
            if (next < data.length) {
                offsets[slot] = next;
                next += begin(slot, type, sector, data, next, requestBytes);
                requests.submit();
            }
        }
    }

    private int begin(int slot, int type, long sector, byte[] data, int offset, int requestBytes)
            throws FrontEndException {
        int bytes = Math.min(requestBytes, data.length - offset);
        if (type == VIRTIO_BLK_T_OUT) {
            copyIn(slot, data, offset, bytes);
        } else {
            // What a device does not fill must not look like what was there before.
            MemorySegment.copy(new byte[bytes], 0, Memory.ALL, JAVA_BYTE, requests.data(slot), bytes);
        }
        add(slot, type, sector + offset / SECTOR_BYTES, bytes);
        return bytes;
    }

    private void add(int slot, int type, long sector, int bytes) throws FrontEndException {
        if (!requests.add(slot, type, sector, bytes)) {
            throw new FrontEndException("the queue has no room for another request");
        }
    }

    private int await() throws FrontEndException {
        int slot = requests.take();
        while (slot < 0) {
            if (!requests.await(DEADLINE_MILLIS)) {
                throw new FrontEndException("no answer within " + DEADLINE_MILLIS + " ms");
            }
            slot = requests.take();
        }
        return slot;
    }

    private void copyIn(int slot, byte[] data, int offset, int bytes) {
        MemorySegment.copy(data, offset, Memory.ALL, JAVA_BYTE, requests.data(slot), bytes);
    }

    private void copyOut(int slot, byte[] data, int offset, int bytes) {
        MemorySegment.copy(Memory.ALL, JAVA_BYTE, requests.data(slot), data, offset, bytes);
    }
}
