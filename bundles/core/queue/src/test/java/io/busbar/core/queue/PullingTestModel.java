package io.busbar.core.queue;

import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.PullingDeviceModel;
import java.util.List;
import java.util.function.Consumer;

/** A device model that serves its queue as a test says. */
class PullingTestModel extends BareModel implements PullingDeviceModel {

    private final Consumer<ChainSource> service;
    private final boolean receives;
    private final int descriptor;
    private volatile boolean ready;

    PullingTestModel(Consumer<ChainSource> service) {
        this(service, true, -1);
    }

    PullingTestModel(Consumer<ChainSource> service, boolean receives, int descriptor) {
        this.service = service;
        this.receives = receives;
        this.descriptor = descriptor;
    }

    @Override
    public boolean pulls(int queue) {
        return true;
    }

    /** Returns whether a queue is ready, as the model was told last. */
    boolean isReady() {
        return ready;
    }

    @Override
    public void ready(int queue, boolean isReady) {
        ready = isReady;
    }

    @Override
    public void service(int queue, ChainSource source) {
        service.accept(source);
    }

    @Override
    public boolean receives(int queue) {
        return receives;
    }

    @Override
    public int wakeDescriptor(int queue) {
        return descriptor;
    }

    @Override
    public List<String> channels() {
        return List.of("0");
    }

    @Override
    public void infoChanged() {
    }

    @Override
    public void readable(int channel) {
    }

    @Override
    public void writable(int channel) {
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        throw new IllegalStateException("a pulled queue's chains are handed out");
    }
}
