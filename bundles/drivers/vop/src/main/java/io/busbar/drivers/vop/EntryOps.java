package io.busbar.drivers.vop;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Suspendable;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import java.util.Map;

/** The config ops of an entry's device. What trouble there is with the host does not fail an op: the device says so. */
final class EntryOps implements VdpaConfigOps, OnChipIommu, KickDescriptors, BackendFeatures, Suspendable, QueueStatistics,
        DmaFaultCounter {

    private static final int RING_ALIGN = 16;

    private final EntryDevice device;

    EntryOps(EntryDevice device) {
        this.device = device;
    }

    // Virtqueue ops

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        device.onSetup(index, setup -> {
            setup.descriptorTable = descriptorTable;
            setup.driverArea = driverArea;
            setup.deviceArea = deviceArea;
        });
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        device.onSetup(index, setup -> setup.num = num);
    }

    @Override
    public void kickVq(int index) {
        device.kick();
    }

    @Override
    public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        device.change(() -> device.setKick(index, descriptor));
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
        device.callback(index, callback);
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        device.onSetup(index, setup -> {
            if (!ready) {
                device.stopQueue(index);
            } else if (!setup.ready) {
                device.startQueue(index);
            }
        });
    }

    @Override
    public boolean getVqReady(int index) {
        return device.isReady(index);
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        if (!(state instanceof VqState.Split split)) {
            throw new VdpaException(VdpaError.EINVAL, "state " + state + ": expected that of a split ring");
        }
        device.onSetup(index, setup -> setup.availIndex = split.availIndex());
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        int[] next = new int[1];
        device.onSetup(index, setup -> next[0] = setup.availIndex);
        return new VqState.Split(next[0]);
    }

    @Override
    public int getVqAlign() {
        return RING_ALIGN;
    }

    @Override
    public int getVqNumMax() {
        return device.mostEntries();
    }

    // Device ops

    @Override
    public long getDeviceFeatures() {
        return device.offered();
    }

    @Override
    public void setDriverFeatures(long features) {
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
        return device.deviceId();
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
        device.change(() -> device.addStatus(status));
    }

    @Override
    public void reset() throws VdpaException {
        device.change(device::reset);
    }

    @Override
    public int getConfigSize() {
        return device.config().length;
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        byte[] config = device.config();
        for (int i = 0; i < target.length; i++) {
            target[i] = offset + i < config.length ? config[offset + i] : 0;
        }
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        throw new VdpaException(VdpaError.EINVAL, "configuration at " + offset
                + ": nothing in it can be written, as the host would not be told");
    }

    @Override
    public int getGeneration() {
        return device.generation();
    }

    @Override
    public IovaRange getIovaRange() {
        return IovaRange.ALL;
    }

    // Abilities

    @Override
    public void setMap(int asid, DriverMemory memory) throws VdpaException {
        device.change(() -> device.setMemory(memory));
    }

    @Override
    public long getBackendFeatures() {
        return ENABLE_AFTER_DRIVER_OK;
    }

    @Override
    public void suspend() throws VdpaException {
        device.change(device::suspend);
    }

    @Override
    public void resume() throws VdpaException {
        device.change(device::resume);
    }

    @Override
    public Map<String, Long> getVendorVqStats(int index) {
        return device.statistics(index);
    }

    @Override
    public long dmaFaults() {
        return device.faults();
    }
}
