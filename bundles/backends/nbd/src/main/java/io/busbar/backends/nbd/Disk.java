package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BlockInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The disk as its driver knows it, and whether it can be reached. Any thread; not for each request. */
final class Disk {

    private static final Logger LOG = LoggerFactory.getLogger(Disk.class);

    private final BackendContext context;
    private final Target target;
    private volatile BlockInfo info;
    private int connections;
    /** Why nobody is connected, or null. */
    private String trouble;

    Disk(BackendContext context, Target target) {
        this.context = context;
        this.target = target;
    }

    BlockInfo info() {
        return info;
    }

    synchronized int connections() {
        return connections;
    }

    /**
     * A connection is there.
     *
     * @throws FarEndException if it leads to what is not the disk that the driver knows, or may be the only one
     */
    synchronized void connected(Export export) throws FarEndException {
        if (connections > 0 && !export.can(Nbd.CAN_MULTI_CONN)) {
            throw new FarEndException("does not say that all of several connections see the same data");
        }
        BlockInfo now = export.asDisk(context.readOnly());
        BlockInfo before = info;
        if (before != null) {
            requireKept(before, now);
            now = new BlockInfo(now.capacity(), before.readOnly(), before.flush(), before.discard(), before.writeZeroes(),
                    before.alignment(), before.transferAlign());
        }
        info = now;
        connections++;
        if (trouble != null) {
            trouble = null;
            LOG.info("{}: the {} is back", context.deviceName(), target.server());
            context.recovered();
        }
        if (before != null && before.capacity() != now.capacity()) {
            context.infoChanged();
        }
    }

    private static void requireKept(BlockInfo before, BlockInfo now) throws FarEndException {
        require(now.flush() || !before.flush(), "has no flush");
        require(now.discard() || !before.discard(), "has no trim");
        require(now.writeZeroes() || !before.writeZeroes(), "has no write zeroes");
        require(now.transferAlign() <= before.transferAlign(), "wants blocks of " + now.transferAlign() + " bytes");
    }

    private static void require(boolean kept, String lack) throws FarEndException {
        if (!kept) {
            throw new FarEndException(lack + " any more, but the driver was told otherwise");
        }
    }

    /** A connection is gone. */
    synchronized void lost(String why) {
        connections--;
        unreachable(why);
    }

    /** A connection could not be made. */
    synchronized void unreachable(String why) {
        String sentence = target.server() + " " + why + "; requests wait, and it is tried again";
        if (connections == 0 && !sentence.equals(trouble)) {
            trouble = sentence;
            LOG.warn("{}: {}", context.deviceName(), sentence);
            context.failed(sentence);
        }
    }
}
