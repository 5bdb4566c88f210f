package io.busbar.testkit;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;

/** A batch of given chains. */
public final class TestChains implements ChainBatch {

    private final Chain[] chains;

    /** Makes a batch. */
    public TestChains(Chain... chains) {
        this.chains = chains.clone();
    }

    @Override
    public int size() {
        return chains.length;
    }

    @Override
    public Chain get(int index) {
        return chains[index];
    }
}
