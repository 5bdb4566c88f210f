package io.busbar.testkit;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.ChainTask;
import io.busbar.api.memory.Payload;
import java.util.ArrayList;
import java.util.List;

/** The chains of a queue that a model pulls, over plain memory: it holds a model to the rules of {@link ChainSource}. */
public final class TestChainSource implements ChainSource {

    private final List<PulledTestChain> chains = new ArrayList<>();
    private int first;
    private int next;
    private int published;
    private int queueSize = 256;

    private TestChainSource() {
    }

    /** Makes a source with chains that wait. */
    public static TestChainSource of(TestChain... waiting) {
        TestChainSource source = new TestChainSource();
        source.add(waiting);
        return source;
    }

    /** Sets the size of the queue. */
    public TestChainSource ofSize(int size) {
        queueSize = size;
        return this;
    }

    /** Makes more available. */
    public void add(TestChain... more) {
        for (TestChain chain : more) {
            chains.add(new PulledTestChain(chain));
        }
    }

    /** Makes all chains available anew, for another use of the same memory; allocates nothing. */
    public void rearm() {
        for (int i = 0; i < chains.size(); i++) {
            chains.get(i).chain.rearm();
        }
        first = 0;
        next = 0;
        published = 0;
    }

    /** Returns how many chains the driver has seen come back. */
    public int published() {
        return published;
    }

    /** Returns how many chains wait, those that are open included. */
    public int waiting() {
        return chains.size() - first;
    }

    @Override
    public Chain next() {
        if (next == chains.size() || open() == MAX_OPEN) {
            return null;
        }
        PulledTestChain chain = chains.get(next++);
        chain.chain.rearm();
        return chain;
    }

    @Override
    public int open() {
        return next - first;
    }

    @Override
    public void putBack() {
        next = first;
    }

    private final class PulledTestChain implements Chain {

        private final TestChain chain;

        PulledTestChain(TestChain chain) {
            this.chain = chain;
        }

        @Override
        public int slot() {
            return chain.slot();
        }

        @Override
        public int queueSize() {
            return queueSize;
        }

        @Override
        public Payload readable() {
            return chain.readable();
        }

        @Override
        public Payload writable() {
            return chain.writable();
        }

        @Override
        public boolean faulted() {
            return chain.faulted();
        }

        @Override
        public boolean lastByteReachable() {
            return chain.lastByteReachable();
        }

        @Override
        public void onIoThread(ChainTask task, Object attachment) {
            throw new IllegalStateException("a chain that was pulled stays on the thread that owns its queue");
        }

        @Override
        public void complete(long written) {
            if (open() == 0 || chains.get(first) != this) {
                throw new IllegalStateException("expected the first of " + open() + " open chains to be completed");
            }
            if (written < 0 || written > chain.writable().size()) {
                throw new IllegalStateException(
                        "completed with " + written + " bytes: expected 0 to " + chain.writable().size());
            }
            first++;
            chain.complete(written);
            if (open() == 0) {
                published = first;
            }
        }
    }
}
