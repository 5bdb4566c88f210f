package io.busbar.examples.ramdisk;

import io.busbar.api.backend.*;
import java.lang.foreign.*;

@BackendType(type = BackendType.BLOCK, name = "ram", settings = "size SIZE")
public final class RamDisk implements BlockBackend {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment disk;
    private final BlockInfo info;

    public RamDisk(BackendContext context) throws BackendException {
        long size = context.settings().size("size").orElse(64L << 20);
        if (size % 512 != 0) {
            throw new BackendException(BackendException.Kind.CONFIG_INVALID, "size " + size + ": no multiple of 512");
        }
        disk = arena.allocate(size);
        info = new BlockInfo(size, context.readOnly(), false, false, true, 4096, 512);
    }
    @Override public BlockInfo info() { return info; }

    @Override public void submit(BlockBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            BlockRequest request = batch.get(i);
            if (request.length() > 1 << 20) request.onIoThread(this::serve); else serve(request);
        }
    }
    private void serve(BlockRequest request) {
        MemorySegment range = disk.asSlice(request.offset(), request.length());
        long done = switch (request.operation()) {
            case READ -> request.payload().copyFrom(range, 0, range.byteSize());
            case WRITE -> request.payload().copyTo(range, 0, range.byteSize());
            case WRITE_ZEROES -> range.fill((byte) 0).byteSize();
            case FLUSH, DISCARD -> -1;
        };
        request.complete(done == request.length() ? BlockStatus.OK : BlockStatus.IO_ERROR);
    }
    @Override public void close() { arena.close(); }
}
