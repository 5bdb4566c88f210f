package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;

/** Ops of a device without queues at work: what the show commands read can be set. */
public class FakeOps implements VdpaConfigOps {

    /** What it offers. */
    public long deviceFeatures;
    /** What was accepted. */
    public long driverFeatures;
    /** The status byte. */
    public int status;
    /** The configuration. */
    public byte[] config = new byte[0];

    private final int deviceId;

    /** A device of a class. */
    public FakeOps(int deviceId) {
        this.deviceId = deviceId;
    }

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) {
    }

    @Override
    public void setVqNum(int index, int num) {
    }

    @Override
    public void kickVq(int index) {
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
    }

    @Override
    public void setVqReady(int index, boolean ready) {
    }

    @Override
    public boolean getVqReady(int index) {
        return false;
    }

    @Override
    public void setVqState(int index, VqState state) {
    }

    @Override
    public VqState getVqState(int index) {
        return VqState.Split.INITIAL;
    }

    @Override
    public int getVqAlign() {
        return 4096;
    }

    @Override
    public int getVqNumMax() {
        return 256;
    }

    @Override
    public long getDeviceFeatures() {
        return deviceFeatures;
    }

    @Override
    public void setDriverFeatures(long features) {
        driverFeatures = features;
    }

    @Override
    public long getDriverFeatures() {
        return driverFeatures;
    }

    @Override
    public void setConfigCallback(ConfigCallback callback) {
    }

    @Override
    public int getDeviceId() {
        return deviceId;
    }

    @Override
    public int getVendorId() {
        return 0;
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public void setStatus(int status) {
        this.status = status;
    }

    @Override
    public void reset() throws VdpaException {
        status = 0;
    }

    @Override
    public int getConfigSize() {
        return config.length;
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        System.arraycopy(config, offset, target, 0, Math.min(config.length - offset, target.length));
    }

    @Override
    public void setConfig(int offset, byte[] source) {
    }

    @Override
    public int getGeneration() {
        return 0;
    }

    @Override
    public IovaRange getIovaRange() {
        return IovaRange.ALL;
    }
}
