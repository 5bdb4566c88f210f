package io.busbar.devices.console;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestChainSource;
import io.busbar.testkit.TestPayload;

/** A queue as the driver of a test fills it. */
final class DriverQueue implements ChainSource {

    private final TestChainSource chains = TestChainSource.of();
    private boolean dry;

    /** Makes a chain available. */
    TestChain add(TestChain chain) {
        chains.add(chain);
        return chain;
    }

    /** Makes a chain available that the device reads. */
    TestChain readable(byte... content) {
        return add(new TestChain(TestPayload.of(content), TestPayload.ofSizes()));
    }

    /** Makes a chain available that the device writes to, of buffers of the given sizes. */
    TestChain writable(long... sizes) {
        return add(new TestChain(TestPayload.ofSizes(), TestPayload.ofSizes(sizes)));
    }

    int waiting() {
        return chains.waiting();
    }

    /** Returns whether the model asked in vain since this was asked last: the engine calls it again when there are more. */
    boolean takeDry() {
        boolean was = dry;
        dry = false;
        return was;
    }

    @Override
    public Chain next() {
        Chain next = chains.next();
        dry |= next == null;
        return next;
    }

    @Override
    public int open() {
        return chains.open();
    }

    @Override
    public void putBack() {
        chains.putBack();
    }
}
