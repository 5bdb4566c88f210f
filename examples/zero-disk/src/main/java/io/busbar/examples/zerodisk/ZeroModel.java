package io.busbar.examples.zerodisk;

import static io.busbar.core.virtio.block.VirtioBlk.*;

import io.busbar.api.device.*;
import io.busbar.api.memory.Payload;
import io.busbar.api.vdpa.*;
import java.lang.foreign.*;
import java.nio.ByteOrder;
import java.util.Map;

/** Speaks virtio-blk: reads are zeroes, nothing can be written. */
final class ZeroModel implements DeviceModel {
    private static final ValueLayout.OfInt TYPE = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong SECTOR = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int HEADER_BYTES = 16;

    private final MemorySegment header = Arena.ofAuto().allocate(HEADER_BYTES, Long.BYTES);
    private final MemorySegment serial = Arena.ofAuto().allocateFrom("zeroes");
    private final long sectors;

    ZeroModel(long sectors) { this.sectors = sectors; }

    @Override
    public void process(int queue, ChainBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            serve(batch.get(i));
        }
    }

    /** The header is copied once, and only the copy is believed: the driver may change its memory at any time. */
    private void serve(Chain chain) {
        Payload answer = chain.writable();
        long data = answer.size() - 1;
        if (chain.faulted() || !chain.lastByteReachable() || chain.readable().copyTo(header, 0, HEADER_BYTES) != HEADER_BYTES) {
            chain.complete(0);
            return;
        }
        int status = switch (header.get(TYPE, 0)) {
            case VIRTIO_BLK_T_IN -> read(header.get(SECTOR, 8), data);
            case VIRTIO_BLK_T_GET_ID -> answer.copyFrom(serial, 0, Math.min(data, serial.byteSize())) < 0
                    ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
            case VIRTIO_BLK_T_OUT -> VIRTIO_BLK_S_IOERR;
            default -> VIRTIO_BLK_S_UNSUPP;
        };
        // Zeroes also where the request fails: no byte is reported that was not written.
        long rest = data - answer.position();
        boolean written = answer.fill((byte) 0, rest) == rest && answer.fill((byte) status, 1) == 1;
        chain.complete(written ? data + 1 : 0);
    }

    private int read(long sector, long bytes) {
        boolean inside = sector >= 0 && sector <= sectors && bytes % 512 == 0 && bytes / 512 <= sectors - sector;
        return inside ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
    }

    // The rest is for models that others put together with backends; the disk does this part itself.

    @Override public void attach(Object backend) { }
    @Override public void checkSuccessor(Object backend) { }
    @Override public void detach() { }
    @Override public long deviceFeatures() { return ZeroDisk.FEATURES; }
    @Override public int vqCount() { return 1; }
    @Override public void setDriverFeatures(long features) { }
    @Override public int configSize() { return 0; }
    @Override public void readConfig(int offset, byte[] target) { }
    @Override public void writeConfig(int offset, byte[] source) { }
    @Override public Map<String, Long> statistics(int queue) { return Map.of(); }
    @Override public void close() { }
}
