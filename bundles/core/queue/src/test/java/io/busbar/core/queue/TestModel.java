package io.busbar.core.queue;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.DeviceModel;
import java.util.Map;
import java.util.function.Consumer;

/** A device model that does one thing with each chain. */
final class TestModel implements DeviceModel {

    private final Consumer<Chain> work;

    TestModel(Consumer<Chain> work) {
        this.work = work;
    }

    @Override
    public void attach(Object backend) {
    }

    @Override
    public void detach() {
    }

    @Override
    public long deviceFeatures() {
        return 0;
    }

    @Override
    public int vqCount() {
        return 1;
    }

    @Override
    public void setDriverFeatures(long features) {
    }

    @Override
    public int configSize() {
        return 0;
    }

    @Override
    public void readConfig(int offset, byte[] target) {
    }

    @Override
    public void writeConfig(int offset, byte[] source) {
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            work.accept(batch.get(i));
        }
    }

    @Override
    public Map<String, Long> statistics(int queue) {
        return Map.of();
    }

    @Override
    public void close() {
    }
}
