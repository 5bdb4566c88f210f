package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What a model gets in the place of a backend that is away for too long: it says of itself what that one said, and does nothing.
 * Requests of a disk fail, frames and what is written to a console are dropped.
 */
final class StandIn {

    private StandIn() {}

    /**
     * Returns one for a backend that leaves; empty for one of a kind that is not known here, whose requests can only wait.
     *
     * @param leaving the backend, still open
     */
    static Optional<Backend> of(Backend leaving) {
        return of(leaving, false);
    }

    /** As {@link #of(Backend)}, but the link of a network is up: what a model does with frames is done. */
    static Optional<Backend> plugged(Backend open) {
        return of(open, true);
    }

    private static Optional<Backend> of(Backend open, boolean linkUp) {
        return switch (open) {
            case BlockBackend disk -> Optional.of(new Disk(disk.info()));
            case NetBackend network -> Optional.of(new Network(with(network.info(), linkUp)));
            case ConsoleBackend _ -> Optional.of(new Console());
            default -> Optional.empty();
        };
    }

    private static NetInfo with(NetInfo info, boolean linkUp) {
        return new NetInfo(info.mtu(), info.usualMtu(), info.pairs(), info.checksum(), info.tso(), linkUp);
    }

    private record Disk(BlockInfo info) implements BlockBackend {

        @Override
        public void submit(BlockBatch batch) {
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).complete(BlockStatus.IO_ERROR);
            }
        }

        @Override
        public void close() {
            // It has nothing.
        }
    }

    private record Network(NetInfo info) implements NetBackend {

        @Override
        public boolean transmit(int pair, NetFrame frame) {
            return true;
        }

        @Override
        public WaitingFrame peek(int pair) {
            return null;
        }

        @Override
        public void taken(int pair) {
            // There never was one.
        }

        @Override
        public void close() {
            // It has nothing.
        }
    }

    /** Somebody who looks at nothing: with nobody there a named port would make its driver wait. */
    private static final class Console implements ConsoleBackend {

        @Override
        public long write(int port, MemorySegment bytes, long offset, long length) {
            return length;
        }

        @Override
        public long read(int port, Payload into) {
            return 0;
        }

        @Override
        public int visitor(int port) {
            return ALWAYS;
        }

        @Override
        public Optional<ConsoleSize> size(int port) {
            return Optional.empty();
        }

        @Override
        public void close() {
            // It has nothing.
        }
    }
}
