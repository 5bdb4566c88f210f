package io.busbar.tools.bench.block;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_BLK_SIZE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_MQ;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_RO;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SEG_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_SIZE_MAX;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_TOPOLOGY;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;

import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.tools.bench.vhostuser.FrontEnd;
import io.busbar.tools.bench.vhostuser.FrontEndException;
import io.busbar.tools.bench.vhostuser.FrontEndQueue;
import io.busbar.tools.bench.vhostuser.SharedMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A virtio block device at a vhost-user socket, with its first queue started. */
public final class BlockDevice implements AutoCloseable {

    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int QUEUE_SIZE = 256;
    /** Room for the parts of the queue, and for headers and status bytes. */
    private static final long OVERHEAD_BYTES = 1 << 18;

    private static final long WANTED = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX)
            | bit(VIRTIO_BLK_F_SIZE_MAX) | bit(VIRTIO_BLK_F_SEG_MAX) | bit(VIRTIO_BLK_F_RO) | bit(VIRTIO_BLK_F_BLK_SIZE)
            | bit(VIRTIO_BLK_F_FLUSH) | bit(VIRTIO_BLK_F_TOPOLOGY) | bit(VIRTIO_BLK_F_MQ) | bit(VIRTIO_BLK_F_DISCARD)
            | bit(VIRTIO_BLK_F_WRITE_ZEROES);

    private final FrontEnd frontEnd;
    private final BlockConfig config;
    private final long features;
    private final FrontEndQueue queue;
    private final BlockRequests requests;

    private BlockDevice(FrontEnd frontEnd, BlockConfig config, long features, FrontEndQueue queue,
            BlockRequests requests) {
        this.frontEnd = frontEnd;
        this.config = config;
        this.features = features;
        this.queue = queue;
        this.requests = requests;
    }

    /**
     * Connects to a device.
     *
     * @param socket    where it listens
     * @param slots     most requests at the same time, 1 to 64
     * @param slotBytes most data of a request, a multiple of 4096
     * @return the device, ready for requests
     * @throws IOException if there is no block device at the socket, or it does not speak virtio 1
     */
    public static BlockDevice open(Path socket, int slots, int slotBytes) throws IOException {
        FrontEnd frontEnd = FrontEnd.connect(socket, TIMEOUT_NANOS);
        try {
            if (!has(frontEnd.offered(), VIRTIO_F_VERSION_1)) {
                throw new FrontEndException("the device offers features 0x" + Long.toHexString(frontEnd.offered())
                        + ": bit 32, VERSION_1, was expected");
            }
            BlockConfig config = BlockConfig.read(
                    frontEnd.config(BlockConfigLayout.BYTES_WITH_WRITE_ZEROES), frontEnd.offered());
            long features = frontEnd.accept(WANTED);
            SharedMemory memory = frontEnd.share(OVERHEAD_BYTES + (long) slots * slotBytes);
            FrontEndQueue queue = frontEnd.start(0, QUEUE_SIZE);
            BlockRequests requests = new BlockRequests(queue, memory, config, slots, slotBytes);
            return new BlockDevice(frontEnd, config, features, queue, requests);
        } catch (IOException e) {
            frontEnd.close();
            throw e;
        }
    }

    /** Returns the features that the device offers. */
    public long offered() {
        return frontEnd.offered();
    }

    /** Returns how many queues the device has. */
    public int queueCount() {
        return frontEnd.queueCount();
    }

    /** Returns the configuration as it was at the start. */
    public BlockConfig config() {
        return config;
    }

    /**
     * Tells whether a feature is in use.
     *
     * @param feature bit number
     * @return whether it was accepted
     */
    public boolean uses(int feature) {
        return has(features, feature);
    }

    /** Returns the requests of the first queue. */
    public BlockRequests requests() {
        return requests;
    }

    /** Returns the process that serves the device. */
    public long process() throws IOException {
        return frontEnd.process();
    }

    /**
     * Stops the queue, with nothing in flight.
     *
     * @return the index in the available ring that it goes on from
     * @throws IOException if the device refuses
     */
    public int stop() throws IOException {
        return frontEnd.stop(queue);
    }

    /**
     * Starts the queue again.
     *
     * @param base what {@link #stop} returned
     * @throws IOException if the device refuses
     */
    public void restart(int base) throws IOException {
        frontEnd.run(queue, base);
    }

    @Override
    public void close() {
        frontEnd.close();
    }
}
