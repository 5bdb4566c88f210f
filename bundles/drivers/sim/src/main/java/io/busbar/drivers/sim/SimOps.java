package io.busbar.drivers.sim;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Suspendable;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.virtio.FeatureRules;
import java.util.Map;

/**
 * The config ops of a software device: its status machine, and for the rest the data path and the model. The translation
 * of addresses, resizing and the link are added by {@link SimOpsVariants}.
 *
 * <p>Status (virtio 1.2, 2.1): FEATURES_OK stays clear for a set of features that cannot work, or lacks VERSION_1;
 * DRIVER_OK starts the data path; DEVICE_NEEDS_RESET is set by a queue that the driver broke.
 */
abstract class SimOps
        implements VdpaConfigOps,
                KickDescriptors,
                InflightTracking,
                BackendFeatures,
                Suspendable,
                QueueStatistics,
                DmaFaultCounter {

    private static final int RING_ALIGN = 16;

    private final SimClass type;
    private final DeviceParts parts;
    private final DeviceStatus status;
    private final Notifications notifications;
    private final int maxQueueSize;
    private long driverFeatures;

    /**
     * Makes the ops.
     *
     * @param device what the device is made of
     */
    SimOps(SimDevice.Inside device) {
        this.type = device.type();
        this.parts = device.parts();
        this.status = device.status();
        this.notifications = device.notifications();
        this.maxQueueSize = device.maxQueueSize();
    }

    /** What is done under the device's lock. */
    @FunctionalInterface
    private interface Locked {
        void run() throws VdpaException;
    }

    private void locked(Locked op) throws VdpaException {
        parts.lock().lock();
        try {
            op.run();
        } finally {
            parts.lock().unlock();
        }
    }

    /** Replaces the driver's memory. */
    final void setMemory(DriverMemory memory) throws VdpaException {
        locked(() -> parts.path().setMemory(memory));
    }

    /** Changes the capacity. */
    final void resizeBackend(long bytes) throws VdpaException {
        locked(() -> parts.resize(bytes));
    }

    /** Takes the link down or up. */
    final void setLinkOfModel(boolean up) throws VdpaException {
        locked(() -> parts.setLink(up));
    }

    /** Returns what looks at a console: the device model. */
    final ConsoleAccess console() throws VdpaException {
        return parts.console();
    }

    final ConsoleViewer viewConsole(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
        return parts.view(port, mode, who);
    }

    // Virtqueue ops

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        locked(() -> parts.path().setVqAddress(index, descriptorTable, driverArea, deviceArea));
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        locked(() -> parts.path().setVqNum(index, num));
    }

    @Override
    public void kickVq(int index) {
        parts.path().kick(index);
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
        parts.lock().lock();
        try {
            parts.path().setVqCallback(index, callback);
        } finally {
            parts.lock().unlock();
        }
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        locked(() -> parts.path().setVqReady(index, ready));
    }

    @Override
    public boolean getVqReady(int index) {
        parts.lock().lock();
        try {
            return parts.path().getVqReady(index);
        } finally {
            parts.lock().unlock();
        }
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        locked(() -> parts.path().setVqState(index, state));
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        parts.lock().lock();
        try {
            return parts.path().getVqState(index);
        } finally {
            parts.lock().unlock();
        }
    }

    @Override
    public int getVqAlign() {
        return RING_ALIGN;
    }

    @Override
    public int getVqNumMax() {
        return maxQueueSize;
    }

    @Override
    public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        locked(() -> parts.path().setVqKickDescriptor(index, descriptor));
    }

    // Device ops

    @Override
    public long getDeviceFeatures() {
        return parts.features();
    }

    /** Stores the set; the model and the rings learn it at FEATURES_OK. */
    @Override
    public void setDriverFeatures(long features) throws VdpaException {
        locked(() -> driverFeatures = features);
    }

    @Override
    public long getDriverFeatures() {
        parts.lock().lock();
        try {
            return driverFeatures;
        } finally {
            parts.lock().unlock();
        }
    }

    @Override
    public void setConfigCallback(ConfigCallback callback) {
        notifications.callback(callback);
    }

    @Override
    public int getDeviceId() {
        return type.deviceId();
    }

    @Override
    public int getVendorId() {
        return 0;
    }

    @Override
    public int getStatus() {
        return status.bits();
    }

    @Override
    public void setStatus(int bits) throws VdpaException {
        locked(() -> {
            int added = bits & ~status.bits();
            int next = bits;
            if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0 && !acceptFeatures()) {
                next &= ~(VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
            }
            status.add(next);
            if ((added & next & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
                parts.path().run();
            }
        });
    }

    private boolean acceptFeatures() {
        if (FeatureRules.refusal(type.deviceId(), parts.features(), driverFeatures).isPresent()) {
            return false;
        }
        parts.path().setFeatures(driverFeatures);
        parts.accept(driverFeatures);
        return true;
    }

    /** Stops the queues first: what does not stop keeps the status, and the reset may be repeated. */
    @Override
    public void reset() throws VdpaException {
        locked(() -> {
            parts.path().reset();
            driverFeatures = 0;
            parts.accept(0);
            notifications.callback(null);
            status.clear();
        });
    }

    @Override
    public void suspend() throws VdpaException {
        locked(() -> parts.path().pause());
    }

    @Override
    public void resume() throws VdpaException {
        locked(() -> parts.path().run());
    }

    @Override
    public int getConfigSize() {
        return parts.configSize();
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        parts.readConfig(offset, target);
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        locked(() -> parts.writeConfig(offset, source));
    }

    @Override
    public int getGeneration() {
        return notifications.generation();
    }

    @Override
    public IovaRange getIovaRange() {
        return IovaRange.ALL;
    }

    // Abilities

    @Override
    public long getBackendFeatures() {
        return ENABLE_AFTER_DRIVER_OK;
    }

    @Override
    public InflightArea createInflight(int queues, int queueSize) throws VdpaException {
        parts.lock().lock();
        try {
            return parts.path().createInflight(queues, queueSize);
        } finally {
            parts.lock().unlock();
        }
    }

    @Override
    public void setInflight(InflightArea area) throws VdpaException {
        locked(() -> parts.path().setInflight(area));
    }

    @Override
    public Map<String, Long> getVendorVqStats(int index) {
        return parts.statistics(index);
    }

    @Override
    public long dmaFaults() {
        return parts.path().faults();
    }
}
