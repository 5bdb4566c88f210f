package io.busbar.busdrivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A device that records the ops it is given, in order, refuses what the order rules of the config ops forbid, and can be
 * told to fail. It has no data path: a test plays that with {@link #callback} and {@link #availIndex}.
 */
class FakeDevice implements VdpaDevice, DmaMapping, VdpaConfigOps {

    static final int QUEUES = 2;
    static final int QUEUE_SIZE = 256;
    static final long FEATURES = 1L << 32 | 1L << 29 | 1L << 28 | 1L << 12 | 1L << 9 | 1L << 6 | 1L << 2;

    private final List<String> log = new ArrayList<>();
    private final Map<String, VdpaException> failures = new ConcurrentHashMap<>();
    final VqCallback[] callback = new VqCallback[QUEUES];
    final boolean[] ready = new boolean[QUEUES];
    final int[] availIndex = new int[QUEUES];
    final byte[] config = new byte[60];
    final AtomicInteger kicks = new AtomicInteger();
    final AtomicInteger resets = new AtomicInteger();
    volatile ConfigCallback configCallback;
    volatile int status;
    volatile DriverMemory memory = DriverMemory.EMPTY;
    volatile boolean refusesFeatures;
    volatile long extraFeatures;
    volatile int deviceId = 2;
    private volatile long driverFeatures;

    FakeDevice() {
        for (int i = 0; i < config.length; i++) {
            config[i] = (byte) (i + 1);
        }
    }

    /** The ops since the last time, without kicks. */
    List<String> takeLog() {
        synchronized (log) {
            List<String> taken = List.copyOf(log);
            log.clear();
            return taken;
        }
    }

    /** From now on ops whose record begins with {@code op} fail, until {@link #recover}. */
    void fail(String op, VdpaError error) {
        failures.put(op, new VdpaException(error, op + " was told to fail"));
    }

    void recover(String op) {
        failures.remove(op);
    }

    void record(String op) throws VdpaException {
        synchronized (log) {
            log.add(op);
        }
        for (Map.Entry<String, VdpaException> failure : failures.entrySet()) {
            if (op.startsWith(failure.getKey())) {
                throw failure.getValue();
            }
        }
    }

    private void require(boolean condition, String rule) throws VdpaException {
        if (!condition) {
            throw new VdpaException(VdpaError.EINVAL, "order of ops: " + rule);
        }
    }

    @Override
    public String name() {
        return "disk0";
    }

    @Override
    public String busName() {
        return "host";
    }

    @Override
    public String managementDeviceName() {
        return "fake_block";
    }

    @Override
    public int deviceId() {
        return deviceId;
    }

    @Override
    public int vqCount() {
        return QUEUES;
    }

    @Override
    public VdpaConfigOps ops() {
        return this;
    }

    @Override
    public DmaMapping dma() {
        return this;
    }

    @Override
    public Optional<String> driverOverride() {
        return Optional.empty();
    }

    @Override
    public Kind kind() {
        return Kind.DEVICE;
    }

    @Override
    public void setMap(int asid, DriverMemory table) throws VdpaException {
        StringBuilder text = new StringBuilder("map");
        table.regions().forEach(region -> text.append(" 0x").append(Long.toHexString(region.iova())).append('+')
                .append(Long.toHexString(region.size())));
        record(text.toString());
        memory = table;
    }

    @Override
    public long faults() {
        return 0;
    }

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        record("address " + index + " 0x" + Long.toHexString(descriptorTable) + " 0x" + Long.toHexString(driverArea)
                + " 0x" + Long.toHexString(deviceArea));
        require(!ready[index], "address of a ready queue");
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        record("num " + index + " " + num);
        require(!ready[index], "size of a ready queue");
    }

    @Override
    public void kickVq(int index) {
        kicks.incrementAndGet();
    }

    @Override
    public void setVqCallback(int index, VqCallback called) {
        callback[index] = called;
    }

    @Override
    public void setVqReady(int index, boolean isReady) throws VdpaException {
        record("ready " + index + " " + isReady);
        require((status & 8) != 0, "ready before FEATURES_OK");
        ready[index] = isReady;
    }

    @Override
    public boolean getVqReady(int index) {
        return ready[index];
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        availIndex[index] = ((VqState.Split) state).availIndex();
        record("state " + index + " " + availIndex[index]);
        require(!ready[index], "state of a ready queue");
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        require(!ready[index], "state of a ready queue");
        return new VqState.Split(availIndex[index]);
    }

    @Override
    public int getVqAlign() {
        return 16;
    }

    @Override
    public int getVqNumMax() {
        return QUEUE_SIZE;
    }

    @Override
    public long getDeviceFeatures() {
        return FEATURES | extraFeatures;
    }

    @Override
    public void setDriverFeatures(long features) throws VdpaException {
        record("features 0x" + Long.toHexString(features));
        require((status & 8) == 0, "features after FEATURES_OK");
        driverFeatures = features;
    }

    @Override
    public long getDriverFeatures() {
        return driverFeatures;
    }

    @Override
    public void setConfigCallback(ConfigCallback changed) {
        configCallback = changed;
    }

    @Override
    public int getDeviceId() {
        return 2;
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
    public void setStatus(int next) throws VdpaException {
        record("status " + next);
        require((next & status) == status && next != 0, "status bits are only added");
        status = refusesFeatures ? next & ~8 : next;
    }

    @Override
    public void reset() throws VdpaException {
        record("reset");
        status = 0;
        driverFeatures = 0;
        configCallback = null;
        Arrays.fill(ready, false);
        Arrays.fill(callback, null);
        Arrays.fill(availIndex, 0);
        resets.incrementAndGet();
    }

    @Override
    public int getConfigSize() {
        return config.length;
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] = offset + i < config.length ? config[offset + i] : 0;
        }
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        record("config " + offset + " " + Arrays.toString(source));
        if (offset != 32 || source.length != 1) {
            throw new VdpaException(VdpaError.EINVAL, "only byte 32 can be written");
        }
        config[offset] = source[0];
    }

    @Override
    public int getGeneration() {
        return 0;
    }

    @Override
    public IovaRange getIovaRange() {
        return IovaRange.ALL;
    }

    /** Signals calls by itself. */
    static final class Caller extends FakeDevice implements CallDescriptors {

        final int[] callDescriptor = {-1, -1};
        volatile VdpaException refusal;

        @Override
        public void setVqCallDescriptor(int index, int descriptor) throws VdpaException {
            if (refusal != null) {
                throw refusal;
            }
            record("callfd " + index + (descriptor < 0 ? " none" : ""));
            callDescriptor[index] = descriptor;
        }
    }

    /** With every other ability that the bus driver looks for. */
    static final class Able extends FakeDevice implements KickDescriptors, InflightTracking, BackendFeatures {

        static final int AREA = 4160;
        final int[] kickDescriptor = {-1, -1};
        volatile InflightArea inflight;

        @Override
        public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
            record("kickfd " + index + (descriptor < 0 ? " none" : ""));
            kickDescriptor[index] = descriptor;
        }

        @Override
        public InflightArea createInflight(int queues, int queueSize) throws VdpaException {
            record("inflight create " + queues + " " + queueSize);
            long size = (long) queues * AREA;
            try {
                int number = MemFd.create("inflight", size, true).number();
                return new InflightArea(number, size, 0, queues, queueSize);
            } catch (LinuxException e) {
                throw new VdpaException(VdpaError.ENOMEM, e.getMessage());
            }
        }

        @Override
        public void setInflight(InflightArea area) throws VdpaException {
            record("inflight " + (area == null ? "none" : area.queues() + " " + area.queueSize()));
            inflight = area;
        }

        @Override
        public long getBackendFeatures() {
            return ENABLE_AFTER_DRIVER_OK;
        }
    }
}
