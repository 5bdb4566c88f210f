package io.busbar.drivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.CallSignal;

/**
 * The config ops of a far device. What trouble there is with the far process does not fail an op: the device holds, says
 * why, and does what it was told when it can.
 */
class FarOps
        implements VdpaConfigOps,
                OnChipIommu,
                KickDescriptors,
                CallDescriptors,
                BackendFeatures {

    private static final int RING_ALIGN = 16;

    private final FarDevice device;

    FarOps(FarDevice device) {
        this.device = device;
    }

    /** With the far process's own record of requests in flight, which outlives it. */
    static final class WithRecord extends FarOps implements InflightTracking {

        private final FarDevice device;

        WithRecord(FarDevice device) {
            super(device);
            this.device = device;
        }

        @Override
        public InflightArea createInflight(int queues, int queueSize) throws VdpaException {
            return device.makeRecord(queues, queueSize);
        }

        @Override
        public void setInflight(InflightArea area) throws VdpaException {
            device.useRecord(area);
        }
    }

    // Virtqueue ops

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        device.onQueue(index, queue -> {
            queue.descriptorTable = descriptorTable;
            queue.driverArea = driverArea;
            queue.deviceArea = deviceArea;
        });
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        device.onQueue(index, queue -> queue.num = num);
    }

    @Override
    public void kickVq(int index) {
        device.kick(index);
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
        try {
            device.onQueue(index, queue -> {
                queue.callback(callback);
                device.tellCall(queue);
            });
        } catch (VdpaException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        device.onQueue(index, queue -> {
            if (!ready) {
                device.stopQueue(queue);
            } else if (!queue.ready) {
                device.startQueue(queue);
            }
        });
    }

    @Override
    public boolean getVqReady(int index) {
        boolean[] ready = new boolean[1];
        try {
            device.onQueue(index, queue -> ready[0] = queue.ready);
        } catch (VdpaException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
        return ready[0];
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        if (!(state instanceof VqState.Split split)) {
            throw new VdpaException(VdpaError.EINVAL, "state " + state + ": expected that of a split ring");
        }
        device.onQueue(index, queue -> queue.base = split.availIndex());
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        int[] base = new int[1];
        device.onQueue(index, queue -> base[0] = queue.base);
        return new VqState.Split(base[0]);
    }

    @Override
    public int getVqAlign() {
        return RING_ALIGN;
    }

    @Override
    public int getVqNumMax() {
        return device.mostEntries();
    }

    @Override
    public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        device.onQueue(index, queue -> {
            CallSignal old = queue.replaceKick(descriptor);
            device.tellKick(queue);
            FarQueue.close(old);
        });
    }

    @Override
    public void setVqCallDescriptor(int index, int descriptor) throws VdpaException {
        device.onQueue(index, queue -> {
            CallSignal old = queue.replaceCall(descriptor);
            device.tellCall(queue);
            FarQueue.close(old);
        });
    }

    // Device ops

    @Override
    public long getDeviceFeatures() {
        return device.told().features();
    }

    @Override
    public void setDriverFeatures(long features) throws VdpaException {
        device.accept(features);
    }

    @Override
    public long getDriverFeatures() {
        return device.accepted();
    }

    @Override
    public void setConfigCallback(ConfigCallback callback) {
        device.callback(callback);
    }

    @Override
    public int getDeviceId() {
        return device.told().type().deviceId();
    }

    @Override
    public int getVendorId() {
        return 0;
    }

    @Override
    public int getStatus() {
        return device.status();
    }

    @Override
    public void setStatus(int status) throws VdpaException {
        device.addStatus(status);
    }

    @Override
    public void reset() throws VdpaException {
        device.reset();
    }

    @Override
    public int getConfigSize() {
        return device.config().size();
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        device.config().read(offset, target);
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        device.writeConfig(offset, source);
    }

    @Override
    public int getGeneration() {
        return device.generation();
    }

    @Override
    public IovaRange getIovaRange() {
        return new IovaRange(0, FarMemory.LAST_IOVA);
    }

    // Abilities

    @Override
    public void setMap(int asid, DriverMemory memory) throws VdpaException {
        device.setMemory(memory);
    }

    @Override
    public long getBackendFeatures() {
        return ENABLE_AFTER_DRIVER_OK;
    }
}
