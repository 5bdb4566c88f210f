package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Opens disks whose bytes can be looked at, and that do what a test has them do. */
final class FakeDisks implements BackendFactory {

    /** Not a whole number of the pieces in which changes are noted. */
    static final int CAPACITY = 40 * Dirt.PIECE + 3 * BlockInfo.SECTOR;

    final List<Disk> opened = Collections.synchronizedList(new ArrayList<>());
    private final String name;

    FakeDisks(String name) {
        this.name = name;
    }

    Disk last() {
        return opened.getLast();
    }

    @Override
    public String type() {
        return "block";
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String settings() {
        return "path FILE";
    }

    @Override
    public String origin() {
        return "fake 1";
    }

    @Override
    public Backend open(BackendContext context) throws BackendException {
        Disk disk = new Disk(context, context.settings().required("path"));
        opened.add(disk);
        return disk;
    }

    /** How a request ends; null if it never does. */
    interface Fate extends Function<BlockRequest, BlockStatus> {}

    static final class Disk extends FakeBackends.Opened implements BlockBackend {

        final byte[] content = new byte[CAPACITY];
        /** Changes that no flush covers. */
        final AtomicInteger unflushed = new AtomicInteger();
        final AtomicInteger requests = new AtomicInteger();
        volatile boolean readOnly;
        volatile Fate fate = request -> BlockStatus.OK;

        Disk(BackendContext context, String path) {
            super(context, path, new FakeBackends("any"));
            readOnly = path.endsWith("read-only");
        }

        @Override
        public BlockInfo info() {
            return new BlockInfo(CAPACITY, readOnly, true, true, true, BlockInfo.SECTOR, BlockInfo.SECTOR);
        }

        @Override
        public void submit(BlockBatch batch) {
            for (int i = 0; i < batch.size(); i++) {
                BlockRequest request = batch.get(i);
                requests.incrementAndGet();
                BlockStatus status = fate.apply(request);
                if (status == BlockStatus.OK) {
                    execute(request);
                }
                if (status != null) {
                    request.complete(status);
                }
            }
        }

        /** Sector by sector, so that others come in between, as with a disk. */
        private void execute(BlockRequest request) {
            MemorySegment disk = MemorySegment.ofArray(content);
            for (long at = request.offset(); at < request.offset() + request.length(); at += BlockInfo.SECTOR) {
                switch (request.operation()) {
                    case READ -> request.payload().copyFrom(disk, at, BlockInfo.SECTOR);
                    case WRITE -> request.payload().copyTo(disk, at, BlockInfo.SECTOR);
                    default -> disk.asSlice(at, BlockInfo.SECTOR).fill((byte) 0);
                }
            }
            switch (request.operation()) {
                case FLUSH -> unflushed.set(0);
                case READ -> { }
                default -> unflushed.incrementAndGet();
            }
        }
    }
}
