package io.busbar.tools.bench.block;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_IN;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;

import io.busbar.tools.bench.vhostuser.FrontEndException;
import java.io.IOException;
import java.nio.file.Path;

/** Goes once over a whole disk through its device: to write it, or to compare every byte with what was written last. */
public final class ReadBack {

    private static final int REQUEST_BYTES = 128 << 10;
    private static final int BLOCKS = REQUEST_BYTES / Workload.BLOCK;
    private static final int SECTORS = Workload.BLOCK / Stamps.SECTOR;
    private static final int DEADLINE_MILLIS = 10_000;

    private ReadBack() {
    }

    /**
     * Counts the blocks that are not as they were written.
     *
     * @param socket  of the device
     * @param content of its disk, which nobody writes meanwhile
     * @return how many of 4 KiB differ
     */
    public static long differences(Path socket, DiskContent content) throws IOException {
        try (BlockDevice device = BlockDevice.open(socket, 1, REQUEST_BYTES)) {
            BlockRequests requests = device.requests();
            long wrong = 0;
            for (int block = 0; block < content.blocks(); block += BLOCKS) {
                int count = Math.min(BLOCKS, content.blocks() - block);
                transfer(requests, VIRTIO_BLK_T_IN, block, count);
                for (int i = 0; i < count; i++) {
                    long at = requests.data(0) + (long) i * Workload.BLOCK;
                    if (!Stamps.isFilled(Stamps.memory(), at, SECTORS, DiskContent.sector(block + i),
                            content.generation(block + i))) {
                        wrong++;
                    }
                }
            }
            return wrong;
        }
    }

    /**
     * Writes a whole disk, as generation 0.
     *
     * @param socket  of the device
     * @param content of its disk
     */
    public static void write(Path socket, DiskContent content) throws IOException {
        try (BlockDevice device = BlockDevice.open(socket, 1, REQUEST_BYTES)) {
            BlockRequests requests = device.requests();
            for (int block = 0; block < content.blocks(); block += BLOCKS) {
                int count = Math.min(BLOCKS, content.blocks() - block);
                Stamps.fill(Stamps.memory(), requests.data(0), count * SECTORS, DiskContent.sector(block), 0);
                transfer(requests, VIRTIO_BLK_T_OUT, block, count);
            }
        }
    }

    private static void transfer(BlockRequests requests, int type, int block, int count) throws FrontEndException {
        requests.add(0, type, DiskContent.sector(block), count * Workload.BLOCK);
        requests.submit();
        while (requests.take() < 0) {
            if (!requests.await(DEADLINE_MILLIS)) {
                throw new FrontEndException("no answer within " + DEADLINE_MILLIS + " ms");
            }
        }
        if (requests.status(0) != VIRTIO_BLK_S_OK) {
            throw new FrontEndException("block " + block + " of the disk could not be "
                    + (type == VIRTIO_BLK_T_IN ? "read" : "written") + ": status " + requests.status(0));
        }
    }
}
