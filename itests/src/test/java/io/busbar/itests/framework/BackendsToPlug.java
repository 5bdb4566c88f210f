package io.busbar.itests.framework;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockStatus;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Classes that tests put into bundles of their own. */
final class BackendsToPlug {

    private BackendsToPlug() {}

    /** Does nothing, well. */
    public static class Null implements BlockBackend {
        private static final long CAPACITY = 1 << 20;

        /** For the framework. */
        public Null(BackendContext context) throws BackendException {
            if (context.settings().text("fail").isPresent()) {
                throw new BackendException(BackendException.Kind.NOT_FOUND, "fail was asked for");
            }
        }

        @Override
        public BlockInfo info() {
            return BlockInfo.ofMemory(CAPACITY);
        }

        @Override
        public void submit(BlockBatch batch) {
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).complete(BlockStatus.OK);
            }
        }

        @Override
        public void close() {
            // Nothing was opened.
        }
    }

    /** Says by a system property what it was asked for, each operation once. */
    public static final class Watched extends Null {
        /** The property. */
        static final String ASKED_FOR = "busbar.itests.watched";

        private final boolean fails;

        /** For the framework. */
        public Watched(BackendContext context) throws BackendException {
            super(context);
            fails = context.settings().text("throws").isPresent();
        }

        @Override
        public void submit(BlockBatch batch) {
            if (fails) {
                throw new IllegalStateException("not today");
            }
            for (int i = 0; i < batch.size(); i++) {
                note(batch.get(i).operation().name());
            }
            super.submit(batch);
        }

        private static synchronized void note(String operation) {
            Set<String> operations = new TreeSet<>(List.of(System.getProperty(ASKED_FOR, operation).split(" ")));
            operations.add(operation);
            System.setProperty(ASKED_FOR, String.join(" ", operations));
        }
    }

    /** Cannot be constructed as a backend. */
    public static final class WithoutConstructor extends Null {

        /** Of no use. */
        public WithoutConstructor() throws BackendException {
            super(null);
        }
    }

    /** Throws what no backend should. */
    public static final class Throwing extends Null {

        /** Throws. */
        public Throwing(BackendContext context) throws BackendException {
            super(context);
            throw new IllegalStateException("oops");
        }
    }

    /** Is none. */
    public static final class NoBackend {}
}
