package io.busbar.tools.bench.block;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_IN;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;

import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.tools.bench.vhostuser.FrontEndException;
import java.lang.foreign.MemorySegment;

/**
 * Keeps as many requests in flight as a workload asks for, and checks each answer: status, length, and the first and last
 * words of every sector that was read. It sleeps when nothing is used, until the device calls.
 *
 * <p>{@link #start}, any number of {@link #run}, {@link #finish}.
 */
final class LoadGenerator {

    private static final int DEADLINE_MILLIS = 10_000;

    /** So many batches would be all requests: the device gets more to do while answers are being looked at. */
    private static final int BATCHES = 8;

    private final MemorySegment memory = Stamps.memory();
    private final BlockRequests requests;
    private final Workload workload;
    private final DiskContent content;
    private final boolean checked;
    private final int blocksPerRequest;
    private final int firstBlock;
    private final int places;
    private final int[] blockOf;
    private final long[] startedAt;
    private final int[] batch;
    private final Histogram latencies = new Histogram();
    private long random;
    private int batched;
    private int next;
    private long completed;
    private long errors;

    /**
     * Makes a generator.
     *
     * @param requests of a device, with a slot for each request in flight
     * @param workload what to do
     * @param content  of the disk, which nobody else writes
     * @param checked  whether what is read is known
     * @param seed     of the random places
     */
    LoadGenerator(BlockRequests requests, Workload workload, DiskContent content, boolean checked, long seed) {
        this.requests = requests;
        this.workload = workload;
        this.content = content;
        this.checked = checked;
        blocksPerRequest = workload.bytes() / Workload.BLOCK;
        firstBlock = workload.random() ? 0 : content.sequentialFrom();
        int blocks = workload.random() ? content.sequentialFrom() : content.blocks() - content.sequentialFrom();
        places = blocks / blocksPerRequest;
        blockOf = new int[workload.depth()];
        startedAt = new long[workload.depth()];
        batch = new int[Math.max(1, workload.depth() / BATCHES)];
        random = seed | 1;
    }

    /** Puts the requests in flight. */
    void start() throws FrontEndException {
        for (int slot = 0; slot < workload.depth(); slot++) {
            if (workload.writes()) {
                Stamps.fill(memory, requests.data(slot), workload.bytes() / Stamps.SECTOR, 0, 0);
            }
            begin(slot);
            addToBatch(slot);
        }
        submit();
    }

    /**
     * Keeps them going.
     *
     * @param nanos how long
     * @return how many ended meanwhile
     * @throws FrontEndException if the device breaks the queue, goes away, or ends nothing for ten seconds
     */
    long run(long nanos) throws FrontEndException {
        long before = completed;
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            if (takeAll(true) == 0) {
                await();
            }
        }
        return completed - before;
    }

    /** Waits for what is in flight. */
    void finish() throws FrontEndException {
        while (requests.outstanding() > 0) {
            if (takeAll(false) == 0) {
                await();
            }
        }
    }

    /** Forgets the latencies so far. */
    void clear() {
        latencies.clear();
    }

    Histogram latencies() {
        return latencies;
    }

    /** Returns how many requests ended since the start. */
    long completed() {
        return completed;
    }

    /** Returns how many requests failed, had another length than asked for, or brought wrong data, since the start. */
    long errors() {
        return errors;
    }

    private void await() throws FrontEndException {
        if (!requests.await(DEADLINE_MILLIS)) {
            throw new FrontEndException(requests.outstanding() + " requests are in flight and none has ended for "
                    + DEADLINE_MILLIS + " ms");
        }
    }

    private int takeAll(boolean again) throws FrontEndException {
        int taken = 0;
        for (int slot = requests.take(); slot >= 0; slot = requests.take()) {
            latencies.record(System.nanoTime() - startedAt[slot]);
            end(slot);
            if (again) {
                begin(slot);
                addToBatch(slot);
            }
            taken++;
        }
        submit();
        return taken;
    }

    private void begin(int slot) throws FrontEndException {
        int block = place();
        int type = VIRTIO_BLK_T_IN;
        if (workload.writes()) {
            block = content.free(block);
            Stamps.stamp(memory, requests.data(slot), workload.bytes() / Stamps.SECTOR, DiskContent.sector(block),
                    content.beginWrite(block));
            type = VIRTIO_BLK_T_OUT;
        }
        blockOf[slot] = block;
        if (!requests.add(slot, type, DiskContent.sector(block), workload.bytes())) {
            throw new FrontEndException("the queue is too small for " + workload.depth() + " requests in flight");
        }
    }

    private void addToBatch(int slot) {
        batch[batched++] = slot;
        if (batched == batch.length) {
            submit();
        }
    }

    private void submit() {
        if (batched == 0) {
            return;
        }
        long now = System.nanoTime();
        for (int i = 0; i < batched; i++) {
            startedAt[batch[i]] = now;
        }
        batched = 0;
        requests.submit();
    }

    private void end(int slot) {
        completed++;
        long written = BlockRequestLayout.STATUS_BYTES + (workload.writes() ? 0 : workload.bytes());
        boolean right = requests.status(slot) == VIRTIO_BLK_S_OK && requests.usedLength() == written;
        if (workload.writes()) {
            content.endWrite(blockOf[slot]);
        } else if (checked) {
            right &= isAsWritten(slot);
        }
        if (!right) {
            errors++;
        }
    }

    private boolean isAsWritten(int slot) {
        int sectors = Workload.BLOCK / Stamps.SECTOR;
        boolean right = true;
        for (int i = 0; i < blocksPerRequest; i++) {
            int block = blockOf[slot] + i;
            right &= Stamps.isStamped(memory, requests.data(slot) + (long) i * Workload.BLOCK, sectors,
                    DiskContent.sector(block), content.generation(block));
        }
        return right;
    }

    private int place() {
        if (!workload.random()) {
            int place = next;
            next = place + 1 == places ? 0 : place + 1;
            return firstBlock + place * blocksPerRequest;
        }
        // xorshift64* (Vigna): cheap, and no two requests in a row are near each other
        random ^= random >>> 12;
        random ^= random << 25;
        random ^= random >>> 27;
        return firstBlock
                + (int) Math.unsignedMultiplyHigh(random * 0x2545f4914f6cdd1dL, places) * blocksPerRequest;
    }
}
