package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;
import java.util.function.Consumer;

/** A device model that does one thing with each chain. */
final class TestModel extends BareModel {

    private final Consumer<Chain> work;

    TestModel(Consumer<Chain> work) {
        this.work = work;
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            work.accept(batch.get(i));
        }
    }
}
