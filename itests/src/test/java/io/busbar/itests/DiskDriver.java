package io.busbar.itests;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.tools.bench.block.BlockDevice;
import io.busbar.tools.bench.block.BlockRequests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/** A driver at the socket of a block device, in this JVM: one request at a time. */
final class DiskDriver implements AutoCloseable {
    /** The data of a request, bytes. */
    static final int BYTES = 4096;

    private static final int SECTORS = BYTES / 512;
    private static final int DEADLINE_MILLIS = 20_000;

    private final BlockDevice device;
    private byte last;

    private DiskDriver(BlockDevice device) {
        this.device = device;
    }

    static DiskDriver at(Path socket) {
        try {
            return new DiskDriver(BlockDevice.open(socket, 1, BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many requests' worth of bytes the disk has. */
    long size() {
        return device.config().bytes() / BYTES;
    }

    /** Fills the n-th {@value #BYTES} bytes with a value; returns the status, {@code VIRTIO_BLK_S_*}. */
    int write(long n, int value) {
        Memory.ALL.asSlice(device.requests().data(0), BYTES).fill((byte) value);
        return request(VirtioBlk.VIRTIO_BLK_T_OUT, n * SECTORS, BYTES);
    }

    /** Tells whether the n-th {@value #BYTES} bytes can be read and all have that value. */
    boolean reads(long n, int value) {
        Memory.ALL.asSlice(device.requests().data(0), BYTES).fill((byte) ~value);
        var data = new byte[BYTES];
        var expected = new byte[BYTES];
        Arrays.fill(expected, (byte) value);
        var status = request(VirtioBlk.VIRTIO_BLK_T_IN, n * SECTORS, BYTES);
        MemorySegment.copy(Memory.ALL, JAVA_BYTE, device.requests().data(0), data, 0, BYTES);
        return status == VirtioBlk.VIRTIO_BLK_S_OK && Arrays.equals(data, expected);
    }

    /** Returns the status. */
    int flush() {
        return request(VirtioBlk.VIRTIO_BLK_T_FLUSH, 0, 0);
    }

    /** Writes what was not there before, and reads it back; fails if that does not work. */
    void writeAndReadBack() {
        last++;
        if (write(0, last) != VirtioBlk.VIRTIO_BLK_S_OK || !reads(0, last)) {
            throw new AssertionError("the device does not serve its driver any more");
        }
    }

    private int request(int type, long sector, int bytes) {
        try {
            BlockRequests requests = device.requests();
            if (!requests.add(0, type, sector, bytes)) {
                throw new AssertionError("the queue has no room");
            }
            requests.submit();
            while (requests.take() < 0) {
                if (!requests.await(DEADLINE_MILLIS)) {
                    throw new AssertionError("no answer within " + DEADLINE_MILLIS + " ms");
                }
            }
            return requests.status(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        device.close();
    }
}
