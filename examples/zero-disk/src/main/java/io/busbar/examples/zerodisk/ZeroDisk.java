package io.busbar.examples.zerodisk;

import static io.busbar.core.virtio.VirtioConfig.*;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_RO;

import io.busbar.api.device.*;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.*;
import io.busbar.core.virtio.VirtioIds;
import java.nio.*;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** One disk: its control path. What moves bytes is the engine's data path, as a card's DMA engine would. */
final class ZeroDisk implements VdpaParentDevice, VdpaConfigOps, OnChipIommu, KickDescriptors, QueueStatistics,
        DmaFaultCounter, DataPathEvents {
    static final long FEATURES = bit(VIRTIO_BLK_F_RO);

    private final AtomicInteger status = new AtomicInteger();
    private final byte[] config;
    private final long features;
    private final int maxQueueSize;
    private final DataPath path;
    private volatile ConfigCallback configCallback;
    private volatile String broken = "";
    private long driverFeatures;

    ZeroDisk(String name, long sectors, QueueEngine engine) {
        config = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(sectors).array();
        features = FEATURES | engine.ringFeatures();
        maxQueueSize = engine.maxQueueSize();
        path = engine.open(name, 1, this);
        path.attach(new ZeroModel(sectors));
    }

    void close() { path.close(); }

    // What the bus shows

    @Override public VdpaConfigOps ops() { return this; }
    @Override public int vqCount() { return 1; }
    @Override public Map<String, String> details() { return Map.of("content", "zeroes"); }
    @Override public Health health() {
        Health health = path.health();
        return health.ok() && !broken.isEmpty() ? new Health(Reason.DEVICE_NEEDS_RESET, broken) : health;
    }

    // Virtqueues: the bus has checked order and ranges

    @Override public void setVqAddress(int index, long table, long driver, long device) throws VdpaException {
        path.setVqAddress(index, table, driver, device);
    }
    @Override public void setVqNum(int index, int num) throws VdpaException { path.setVqNum(index, num); }
    @Override public void kickVq(int index) { path.kick(index); }
    @Override public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        path.setVqKickDescriptor(index, descriptor);
    }
    @Override public void setVqCallback(int index, VqCallback callback) { path.setVqCallback(index, callback); }
    @Override public void setVqReady(int index, boolean ready) throws VdpaException { path.setVqReady(index, ready); }
    @Override public boolean getVqReady(int index) { return path.getVqReady(index); }
    @Override public void setVqState(int index, VqState state) { path.setVqState(index, state); }
    @Override public VqState getVqState(int index) { return path.getVqState(index); }
    @Override public int getVqAlign() { return 16; }
    @Override public int getVqNumMax() { return maxQueueSize; }

    // The device

    @Override public int getDeviceId() { return VirtioIds.VIRTIO_ID_BLOCK; }
    @Override public int getVendorId() { return 0; }
    @Override public long getDeviceFeatures() { return features; }
    @Override public long getDriverFeatures() { return driverFeatures; }
    @Override public void setDriverFeatures(long accepted) { driverFeatures = accepted; }
    @Override public int getStatus() { return status.get(); }

    @Override
    public void setStatus(int bits) {
        int added = bits & ~status.getAndUpdate(now -> now | bits);
        if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
            path.setFeatures(driverFeatures);
        }
        if ((added & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
            path.run();
        }
    }

    @Override
    public void reset() throws VdpaException {
        path.reset(); // Throws if requests do not end: then nothing else has changed.
        driverFeatures = 0;
        configCallback = null;
        broken = "";
        status.set(0);
    }

    @Override public void setMap(int asid, DriverMemory memory) throws VdpaException { path.setMemory(memory); }
    @Override public IovaRange getIovaRange() { return IovaRange.ALL; }
    @Override public int getConfigSize() { return config.length; }
    @Override public int getGeneration() { return 0; }
    @Override public void setConfigCallback(ConfigCallback callback) { configCallback = callback; }
    @Override public void getConfig(int offset, byte[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] = offset + i < config.length ? config[offset + i] : 0;
        }
    }
    @Override public void setConfig(int offset, byte[] source) throws VdpaException {
        throw new VdpaException(VdpaError.EINVAL, "configuration at " + offset + ": nothing in it can be written");
    }

    @Override public Map<String, Long> getVendorVqStats(int index) { return path.counters(index); }
    @Override public long dmaFaults() { return path.faults(); }

    /** The driver broke its ring: it is told to reset the device. */
    @Override
    public void queueBroken(int index, String sentence) {
        broken = "queue " + index + ": " + sentence;
        status.getAndUpdate(now -> now | VIRTIO_CONFIG_S_NEEDS_RESET);
        ConfigCallback told = configCallback;
        if (told != null) {
            told.configChanged();
        }
    }
}
