package io.busbar.devices.block;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_ID_BYTES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_IOERR;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_OK;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_UNSUPP;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_DISCARD;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_FLUSH;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_GET_ID;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_IN;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_OUT;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.memory.Payload;
import io.busbar.core.virtio.block.BlockRequestLayout;
import io.busbar.devices.block.QueueCounters.Counter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns the chains of one queue into requests (virtio 1.2, 5.2.6). Only on the thread that owns the queue.
 *
 * <p>Header and segments are copied to private memory before a value is looked at, and judged and used from there: the
 * driver can change its own memory meanwhile, to no effect.
 */
final class BlockQueue {

    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final BlockOffer offer;
    private final QueueCounters counters;
    private final MemorySegment serial;
    private final MemorySegment header = Arena.ofAuto().allocate(BlockRequestLayout.HEADER_BYTES, Long.BYTES);
    private final MemorySegment ranges =
            Arena.ofAuto().allocate(BlockOffer.MAX_RANGES * (long) BlockRequestLayout.SEGMENT_BYTES, Long.BYTES);
    private final RequestBatch batch = new RequestBatch();
    private ChainRequest[] requests = {};

    /* What holds for the batch at hand. */
    private BlockBackend backend;
    private BlockInfo info;
    private long capacity;
    private long accepted;
    private boolean durable;

    BlockQueue(BlockOffer offer, String serial, QueueCounters counters) {
        this.offer = offer;
        this.counters = counters;
        this.serial = Arena.ofAuto().allocate(VIRTIO_BLK_ID_BYTES);
        MemorySegment.copy(MemorySegment.ofArray(serial.getBytes(StandardCharsets.US_ASCII)), 0, this.serial, 0,
                serial.length());
    }

    /**
     * Serves a batch.
     *
     * @param chains        the chains
     * @param to            the backend
     * @param features      what the driver accepted
     * @param mayHoldWrites whether a completed write may wait for a flush
     */
    void process(ChainBatch chains, BlockBackend to, long features, boolean mayHoldWrites) {
        backend = to;
        info = to.info();
        capacity = offer.capacity(info);
        accepted = features;
        durable = info.flush() && !mayHoldWrites;
        try {
            int size = chains.size();
            for (int i = 0; i < size; i++) {
                take(chains.get(i));
            }
            batch.submit(to);
        } catch (RuntimeException | Error e) {
            // The queue stops here and starts anew some time: what the backend has not got it never gets.
            batch.clear();
            throw e;
        }
    }

    private void take(Chain chain) {
        ChainRequest request = request(chain);
        if (!chain.lastByteReachable() || chain.faulted()) {
            request.begin(chain, 0);
            request.drop();
            return;
        }
        request.begin(chain, chain.writable().size() - BlockRequestLayout.STATUS_BYTES);
        long got = chain.readable().copyTo(header, 0, BlockRequestLayout.HEADER_BYTES);
        if (got < BlockRequestLayout.HEADER_BYTES) {
            request.drop();
            return;
        }
        dispatch(request, chain, header.get(U32, BlockRequestLayout.TYPE), header.get(U64, BlockRequestLayout.SECTOR));
    }

    private ChainRequest request(Chain chain) {
        int slot = chain.slot();
        if (slot >= requests.length) {
            makeRequests(Math.max(chain.queueSize(), slot + 1));
        }
        if (requests[slot].chain() != null) {
            // It was never ended, as its queue broke: the backend may still have it, and must not end what comes now.
            requests[slot] = new ChainRequest(counters);
        }
        return requests[slot];
    }

    /** Once per queue, at its first chain. */
    private void makeRequests(int size) {
        int before = requests.length;
        ChainRequest[] grown = Arrays.copyOf(requests, size);
        for (int i = before; i < size; i++) {
            grown[i] = new ChainRequest(counters);
        }
        requests = grown;
    }

    private void dispatch(ChainRequest request, Chain chain, int type, long sector) {
        switch (type) {
            case VIRTIO_BLK_T_IN -> read(request, chain.writable(), sector);
            case VIRTIO_BLK_T_OUT -> write(request, chain.readable(), sector);
            case VIRTIO_BLK_T_FLUSH -> flush(request, chain.readable());
            case VIRTIO_BLK_T_GET_ID -> getId(request, chain.writable());
            case VIRTIO_BLK_T_DISCARD ->
                    giveBack(request, chain.readable(), BlockOperation.DISCARD, VIRTIO_BLK_F_DISCARD, 0);
            case VIRTIO_BLK_T_WRITE_ZEROES -> giveBack(request, chain.readable(), BlockOperation.WRITE_ZEROES,
                    VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
            default -> request.finish(VIRTIO_BLK_S_UNSUPP);
        }
    }

    private void read(ChainRequest request, Payload data, long sector) {
        long length = request.dataBytes();
        counters.add(Counter.READS, 1);
        if (length > BlockOffer.MAX_TRANSFER || !isRange(sector, length)) {
            request.finish(VIRTIO_BLK_S_IOERR);
            return;
        }
        counters.add(Counter.READ_BYTES, length);
        if (length == 0) {
            request.finish(VIRTIO_BLK_S_OK);
            return;
        }
        data.limit(length);
        request.set(BlockOperation.READ, sector * BlockInfo.SECTOR, length, false, data);
        batch.add(request, backend);
    }

    private void write(ChainRequest request, Payload data, long sector) {
        long length = data.remaining();
        counters.add(Counter.WRITES, 1);
        if (isReadOnly() || length > BlockOffer.MAX_TRANSFER || !isRange(sector, length)) {
            request.finish(VIRTIO_BLK_S_IOERR);
            return;
        }
        counters.add(Counter.WRITTEN_BYTES, length);
        if (length == 0) {
            request.finish(VIRTIO_BLK_S_OK);
            return;
        }
        request.set(BlockOperation.WRITE, sector * BlockInfo.SECTOR, length, durable, data);
        batch.add(request, backend);
    }

    private void flush(ChainRequest request, Payload rest) {
        if (!has(accepted, VIRTIO_BLK_F_FLUSH)) {
            request.finish(VIRTIO_BLK_S_UNSUPP);
            return;
        }
        counters.add(Counter.FLUSHES, 1);
        if (!info.flush()) {
            // A backend that took over from one with a cache: what it completed is stable already.
            request.finish(VIRTIO_BLK_S_OK);
            return;
        }
        request.set(BlockOperation.FLUSH, 0, 0, false, rest.position(rest.limit()));
        batch.add(request, backend);
    }

    private void getId(ChainRequest request, Payload data) {
        data.limit(request.dataBytes());
        if (data.copyFrom(serial, 0, VIRTIO_BLK_ID_BYTES) < 0) {
            request.drop();
            return;
        }
        request.answered(data.position());
        request.finish(VIRTIO_BLK_S_OK);
    }

    /** Discard and write zeroes: a list of ranges, judged as a whole before the first is touched. */
    private void giveBack(ChainRequest request, Payload list, BlockOperation operation, int feature, int flags) {
        counters.add(operation == BlockOperation.DISCARD ? Counter.DISCARDS : Counter.WRITE_ZEROES, 1);
        if (isReadOnly()) {
            request.finish(VIRTIO_BLK_S_IOERR);
            return;
        }
        if (!has(accepted, feature)) {
            request.finish(VIRTIO_BLK_S_UNSUPP);
            return;
        }
        int count = copyRanges(list);
        byte verdict = count < 0 ? VIRTIO_BLK_S_IOERR : judgeRanges(count, flags);
        if (verdict != VIRTIO_BLK_S_OK) {
            request.finish(verdict);
            return;
        }
        submitRanges(request, operation, list, count);
    }

    /** Returns how many ranges there are, or -1 if there are none, too many, or a part of one. */
    private int copyRanges(Payload list) {
        long bytes = list.remaining();
        if (bytes == 0 || bytes > ranges.byteSize() || bytes % BlockRequestLayout.SEGMENT_BYTES != 0
                || list.copyTo(ranges, 0, bytes) != bytes) {
            return -1;
        }
        return (int) (bytes / BlockRequestLayout.SEGMENT_BYTES);
    }

    private byte judgeRanges(int count, int flags) {
        byte verdict = VIRTIO_BLK_S_OK;
        for (int i = 0; i < count; i++) {
            if ((flags(i) & ~flags) != 0) {
                return VIRTIO_BLK_S_UNSUPP;
            }
            if (sectors(i) > BlockOffer.MAX_RANGE_SECTORS || !isRange(sector(i), sectors(i) * BlockInfo.SECTOR)) {
                verdict = VIRTIO_BLK_S_IOERR;
            }
        }
        return verdict;
    }

    private void submitRanges(ChainRequest request, BlockOperation operation, Payload spent, int count) {
        int filled = 0;
        for (int i = 0; i < count; i++) {
            filled += sectors(i) == 0 ? 0 : 1;
        }
        if (filled == 0) {
            request.finish(VIRTIO_BLK_S_OK);
            return;
        }
        request.expect(operation, durable, spent, filled);
        int part = 0;
        for (int i = 0; i < count; i++) {
            if (sectors(i) != 0) {
                RangeRequest range = request.range(part++);
                range.set(sector(i) * BlockInfo.SECTOR, sectors(i) * BlockInfo.SECTOR,
                        (flags(i) & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP) != 0);
                batch.add(range, backend);
            }
        }
    }

    private long sector(int range) {
        return ranges.get(U64, range * (long) BlockRequestLayout.SEGMENT_BYTES + BlockRequestLayout.SEGMENT_SECTOR);
    }

    private long sectors(int range) {
        return ranges.get(U32, range * (long) BlockRequestLayout.SEGMENT_BYTES + BlockRequestLayout.SEGMENT_NUM_SECTORS)
                & 0xffff_ffffL;
    }

    private int flags(int range) {
        return ranges.get(U32, range * (long) BlockRequestLayout.SEGMENT_BYTES + BlockRequestLayout.SEGMENT_FLAGS);
    }

    /** Whether the disk was writable when it was offered, and still is. */
    private boolean isReadOnly() {
        return offer.readOnly() || info.readOnly();
    }

    /**
     * Whether a range lies on the disk, in whole blocks.
     *
     * @param sector unsigned 64-bit, as the driver wrote it
     * @param length bytes, 0 to 2<sup>42</sup>
     */
    private boolean isRange(long sector, long length) {
        int blockMask = offer.blockSize() - 1;
        long sectors = capacity / BlockInfo.SECTOR;
        return (length & blockMask) == 0
                && Long.compareUnsigned(sector, sectors) <= 0
                && length / BlockInfo.SECTOR <= sectors - sector
                && (sector * BlockInfo.SECTOR & blockMask) == 0;
    }
}
