package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import java.util.Map;

/** What tests do not ask a device model for. */
abstract class BareModel implements DeviceModel {

    @Override
    public void attach(Object backend) {
    }

    @Override
    public void checkSuccessor(Object backend) {
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
    public Map<String, Long> statistics(int queue) {
        return Map.of();
    }

    @Override
    public void close() {
    }
}
