package io.busbar.core.bus;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.AddressSpaces;
import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.DmaDomain;
import io.busbar.api.vdpa.DmaFaultCounter;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.Suspendable;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.FeatureRules;
import java.util.Arrays;
import java.util.Map;

/**
 * The order rules, ranges and the status machine in front of a parent's ops (Linux: {@code vdpa.c}, {@code vhost/vdpa.c};
 * virtio 1.2, 2.1 and 3.1). Has every ability; {@link CheckedOpsProxy} shows those that the parent has.
 *
 * <p>A broken rule is a {@link VdpaException} EINVAL (the call is wrong) or EBUSY (it comes at the wrong time), where the
 * op throws none an {@link IllegalStateException}; the parent is not asked then.
 *
 * <p>Threads: ops that change something hold the device's {@link ControlLock}; kicks, status, configuration reads,
 * counters and constants never wait.
 */
final class CheckedConfigOps
        implements VdpaConfigOps,
                OnChipIommu,
                IncrementalIommu,
                PlatformDma,
                AddressSpaces,
                Suspendable,
                QueueStatistics,
                KickDescriptors,
                CallDescriptors,
                InflightTracking,
                BackendFeatures,
                ResizableCapacity,
                LinkControl,
                DmaFaultCounter {

    private static final int MAX_STATUS = 0xff;
    private static final int MAX_QUEUES = 0xffff;
    private static final int SECTOR = 512;
    private static final int DESCRIPTOR_ALIGN = 16;
    private static final int DRIVER_ALIGN = 2;
    private static final int DEVICE_ALIGN = 4;

    private final String device;
    private final VdpaConfigOps parent;
    private final int vqCount;
    private final ControlLock control;
    private final Runnable statusChanged;
    private final Resized resized;
    private volatile boolean featuresValid;
    private volatile boolean suspended;
    private volatile String refusal = "";

    /** Told that the device has a new capacity. */
    @FunctionalInterface
    interface Resized {

        /**
         * The device has it.
         *
         * @param bytes the capacity
         * @throws VdpaException if that cannot be kept for the next start
         */
        void to(long bytes) throws VdpaException;
    }

    /**
     * Makes the checks of one device.
     *
     * @param device        its name, for sentences
     * @param parent        its ops
     * @param vqCount       number of queues
     * @param control       held during ops that change something
     * @param statusChanged called after the status may have changed, without the lock
     * @param resized       told a new capacity, without the lock
     */
    CheckedConfigOps(
            String device,
            VdpaConfigOps parent,
            int vqCount,
            ControlLock control,
            Runnable statusChanged,
            Resized resized) {
        this.device = device;
        this.parent = parent;
        this.vqCount = vqCount;
        this.control = control;
        this.statusChanged = statusChanged;
        this.resized = resized;
    }

    /** Returns why FEATURES_OK was left clear since the last reset; empty if it was not. */
    String refusal() {
        return refusal;
    }

    // Virtqueue ops

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        control.run(() -> {
            checkStopped("setVqAddress", index);
            checkAligned(index, "descriptor table", descriptorTable, DESCRIPTOR_ALIGN);
            checkAligned(index, "driver area", driverArea, DRIVER_ALIGN);
            checkAligned(index, "device area", deviceArea, DEVICE_ALIGN);
            parent.setVqAddress(index, descriptorTable, driverArea, deviceArea);
        });
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        control.run(() -> {
            checkStopped("setVqNum", index);
            int max = parent.getVqNumMax();
            if (num < 1 || num > max || Integer.bitCount(num) != 1) {
                throw invalid("size " + num + " of queue " + index + ": expected a power of two from 1 to " + max);
            }
            parent.setVqNum(index, num);
        });
    }

    /** Passes the kick on; one for a queue that is not there is ignored as one for a queue that is not ready. */
    @Override
    public void kickVq(int index) {
        if (index >= 0 && index < vqCount) {
            parent.kickVq(index);
        }
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
        checkIndexUnchecked(index);
        runUnchecked(() -> parent.setVqCallback(index, callback));
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        control.run(() -> {
            checkIndex(index);
            if (ready && !parent.getVqReady(index)) {
                checkMayStart(index);
            }
            parent.setVqReady(index, ready);
        });
    }

    private void checkMayStart(int index) throws VdpaException {
        int status = parent.getStatus();
        if (!has(status, VIRTIO_CONFIG_S_FEATURES_OK)) {
            throw invalid("queue " + index + " cannot become ready before FEATURES_OK");
        }
        if (has(status, VIRTIO_CONFIG_S_DRIVER_OK) && !enableAfterDriverOk()) {
            throw busy("queue " + index + " cannot become ready after DRIVER_OK: " + device + " does not offer that");
        }
    }

    private boolean enableAfterDriverOk() {
        return parent instanceof BackendFeatures features
                && (features.getBackendFeatures() & BackendFeatures.ENABLE_AFTER_DRIVER_OK) != 0;
    }

    @Override
    public boolean getVqReady(int index) {
        checkIndexUnchecked(index);
        return parent.getVqReady(index);
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        control.run(() -> {
            checkStopped("setVqState", index);
            parent.setVqState(index, state);
        });
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        VqState[] state = new VqState[1];
        control.run(() -> {
            checkIndex(index);
            if (!suspended && parent.getVqReady(index)) {
                throw busy("queue " + index + " runs: its state can be read when it is stopped or " + device
                        + " is suspended");
            }
            state[0] = parent.getVqState(index);
        });
        return state[0];
    }

    @Override
    public int getVqAlign() {
        return parent.getVqAlign();
    }

    @Override
    public int getVqNumMax() {
        return parent.getVqNumMax();
    }

    // Device ops

    @Override
    public long getDeviceFeatures() {
        return parent.getDeviceFeatures();
    }

    @Override
    public void setDriverFeatures(long features) throws VdpaException {
        control.run(() -> {
            int status = parent.getStatus();
            if (has(status, VIRTIO_CONFIG_S_FEATURES_OK)) {
                throw busy("features cannot change after FEATURES_OK");
            }
            if (!has(status, VIRTIO_CONFIG_S_DRIVER)) {
                throw invalid("features cannot be set before DRIVER");
            }
            long foreign = features & ~parent.getDeviceFeatures();
            if (foreign != 0) {
                throw invalid(
                        "features that are not offered: " + FeatureNames.names(parent.getDeviceId(), foreign));
            }
            parent.setDriverFeatures(features);
            featuresValid = true;
        });
    }

    @Override
    public long getDriverFeatures() {
        return parent.getDriverFeatures();
    }

    @Override
    public void setConfigCallback(ConfigCallback callback) {
        runUnchecked(() -> parent.setConfigCallback(callback));
    }

    @Override
    public int getDeviceId() {
        return parent.getDeviceId();
    }

    @Override
    public int getVendorId() {
        return parent.getVendorId();
    }

    @Override
    public int getStatus() {
        return parent.getStatus();
    }

    /**
     * Adds status bits. NEEDS_RESET is the device's own: it is neither set nor cleared by a driver. FEATURES_OK is left
     * clear if the set of features cannot work, whatever the device thinks of it.
     */
    @Override
    public void setStatus(int status) throws VdpaException {
        control.run(() -> {
            int old = parent.getStatus();
            checkStatus(old, status);
            int next = status & ~VIRTIO_CONFIG_S_NEEDS_RESET | old & VIRTIO_CONFIG_S_NEEDS_RESET;
            if (has(next & ~old, VIRTIO_CONFIG_S_FEATURES_OK) && !featuresFit()) {
                next &= ~VIRTIO_CONFIG_S_FEATURES_OK;
            }
            if (next != 0) {
                parent.setStatus(next);
            }
            noteRefusalByDevice(next);
        });
        statusChanged.run();
    }

    private static void checkStatus(int old, int status) throws VdpaException {
        if (status < 1 || status > MAX_STATUS) {
            throw invalid("status " + status + ": expected 1 to " + MAX_STATUS + " (0 is a reset)");
        }
        int cleared = old & ~status & ~VIRTIO_CONFIG_S_NEEDS_RESET;
        if (cleared != 0) {
            throw invalid(String.format("status 0x%02x clears bits of 0x%02x: only a reset does", status, old));
        }
        checkAfter(status, VIRTIO_CONFIG_S_DRIVER, "DRIVER", status, VIRTIO_CONFIG_S_ACKNOWLEDGE, "ACKNOWLEDGE");
        checkAfter(status, VIRTIO_CONFIG_S_FEATURES_OK, "FEATURES_OK", status, VIRTIO_CONFIG_S_DRIVER, "DRIVER");
        checkAfter(status, VIRTIO_CONFIG_S_DRIVER_OK, "DRIVER_OK", old, VIRTIO_CONFIG_S_FEATURES_OK, "FEATURES_OK");
    }

    private static void checkAfter(int status, int bit, String name, int reached, int needed, String neededName)
            throws VdpaException {
        if (has(status, bit) && !has(reached, needed)) {
            throw invalid(name + " before " + neededName);
        }
    }

    private boolean featuresFit() {
        refusal = FeatureRules.refusal(parent.getDeviceId(), parent.getDeviceFeatures(), parent.getDriverFeatures())
                .orElse("");
        return refusal.isEmpty();
    }

    private void noteRefusalByDevice(int asked) {
        if (has(asked, VIRTIO_CONFIG_S_FEATURES_OK) && !has(parent.getStatus(), VIRTIO_CONFIG_S_FEATURES_OK)) {
            refusal = "the device refused "
                    + FeatureNames.names(parent.getDeviceId(), parent.getDriverFeatures());
        }
    }

    @Override
    public void reset() throws VdpaException {
        control.run(() -> {
            parent.reset();
            featuresValid = false;
            suspended = false;
            refusal = "";
        });
        statusChanged.run();
    }

    @Override
    public int getConfigSize() {
        return parent.getConfigSize();
    }

    /**
     * Reads the configuration. A reader that comes before any features were set is taken for one that knows no feature,
     * as Linux does; what the device says to that is ignored.
     */
    @Override
    public void getConfig(int offset, byte[] target) {
        if (offset < 0) {
            throw new IllegalStateException("offset " + offset + " into the configuration: expected 0 or more");
        }
        if (!featuresValid) {
            assumeNoFeatures();
        }
        if (offset < parent.getConfigSize()) {
            parent.getConfig(offset, target);
        } else {
            Arrays.fill(target, (byte) 0);
        }
    }

    private void assumeNoFeatures() {
        try {
            control.runIfFree(() -> {
                if (!featuresValid && !has(parent.getStatus(), VIRTIO_CONFIG_S_FEATURES_OK)) {
                    featuresValid = true;
                    parent.setDriverFeatures(0);
                }
            });
        } catch (VdpaException _) {
            // As in Linux: the reader gets the configuration all the same.
        }
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        control.run(() -> {
            int size = parent.getConfigSize();
            if (offset < 0 || source.length < 1 || source.length > size - offset) {
                throw invalid(source.length + " bytes at offset " + offset + " of the configuration: expected at least 1,"
                        + " inside its " + size);
            }
            parent.setConfig(offset, source);
        });
    }

    @Override
    public int getGeneration() {
        return parent.getGeneration();
    }

    @Override
    public IovaRange getIovaRange() {
        return parent.getIovaRange();
    }

    // Memory ops

    @Override
    public void setMap(int asid, DriverMemory memory) throws VdpaException {
        control.run(() -> {
            checkAsid(asid);
            for (MemoryRegion region : memory.regions()) {
                checkReachable(region);
            }
            ((OnChipIommu) parent).setMap(asid, memory);
        });
    }

    @Override
    public void dmaMap(int asid, MemoryRegion region) throws VdpaException {
        control.run(() -> {
            checkAsid(asid);
            checkReachable(region);
            ((IncrementalIommu) parent).dmaMap(asid, region);
        });
    }

    @Override
    public void dmaUnmap(int asid, long iova, long size) throws VdpaException {
        control.run(() -> {
            checkAsid(asid);
            ((IncrementalIommu) parent).dmaUnmap(asid, iova, size);
        });
    }

    /** Refuses: the bus did it. */
    @Override
    public void attachDomain(DmaDomain domain) {
        throw new IllegalStateException("the bus has attached the domain of " + device);
    }

    @Override
    public int groupCount() {
        return ((AddressSpaces) parent).groupCount();
    }

    @Override
    public int addressSpaceCount() {
        return ((AddressSpaces) parent).addressSpaceCount();
    }

    @Override
    public int getVqGroup(int index) {
        checkIndexUnchecked(index);
        return ((AddressSpaces) parent).getVqGroup(index);
    }

    @Override
    public void setGroupAsid(int group, int asid) throws VdpaException {
        control.run(() -> {
            checkAsid(asid);
            int groups = groupCount();
            if (group < 0 || group >= groups) {
                throw invalid("queue group " + group + ": expected 0 to " + (groups - 1));
            }
            if (has(parent.getStatus(), VIRTIO_CONFIG_S_DRIVER_OK)) {
                throw busy("queue group " + group + " cannot change its address space after DRIVER_OK");
            }
            ((AddressSpaces) parent).setGroupAsid(group, asid);
        });
    }

    // Other abilities

    @Override
    public void suspend() throws VdpaException {
        control.run(() -> {
            if (!has(parent.getStatus(), VIRTIO_CONFIG_S_DRIVER_OK)) {
                throw invalid(device + " cannot be suspended before DRIVER_OK");
            }
            if (!suspended) {
                ((Suspendable) parent).suspend();
                suspended = true;
            }
        });
    }

    @Override
    public void resume() throws VdpaException {
        control.run(() -> {
            if (!suspended) {
                throw invalid(device + " is not suspended");
            }
            ((Suspendable) parent).resume();
            suspended = false;
        });
    }

    @Override
    public Map<String, Long> getVendorVqStats(int index) {
        checkIndexUnchecked(index);
        return ((QueueStatistics) parent).getVendorVqStats(index);
    }

    @Override
    public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        control.run(() -> {
            checkIndex(index);
            if (descriptor < -1) {
                throw invalid("kick descriptor " + descriptor + " of queue " + index + ": expected -1 or more");
            }
            ((KickDescriptors) parent).setVqKickDescriptor(index, descriptor);
        });
    }

    @Override
    public void setVqCallDescriptor(int index, int descriptor) throws VdpaException {
        control.run(() -> {
            checkIndex(index);
            if (descriptor < -1) {
                throw invalid("call descriptor " + descriptor + " of queue " + index + ": expected -1 or more");
            }
            ((CallDescriptors) parent).setVqCallDescriptor(index, descriptor);
        });
    }

    @Override
    public InflightArea createInflight(int queues, int queueSize) throws VdpaException {
        InflightArea[] area = new InflightArea[1];
        control.run(() -> {
            checkInflight(queues, queueSize);
            area[0] = ((InflightTracking) parent).createInflight(queues, queueSize);
        });
        return area[0];
    }

    @Override
    public void setInflight(InflightArea area) throws VdpaException {
        control.run(() -> {
            if (area != null) {
                checkInflight(area.queues(), area.queueSize());
            }
            ((InflightTracking) parent).setInflight(area);
        });
    }

    private void checkInflight(int queues, int queueSize) throws VdpaException {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw invalid("in-flight area of " + queues + " queues: expected 1 to " + MAX_QUEUES);
        }
        int max = parent.getVqNumMax();
        if (queueSize < 1 || queueSize > max) {
            throw invalid("in-flight area of " + queueSize + " entries a queue: expected 1 to " + max);
        }
    }

    @Override
    public long getBackendFeatures() {
        return ((BackendFeatures) parent).getBackendFeatures();
    }

    @Override
    public void setLink(boolean up) throws VdpaException {
        control.run(() -> ((LinkControl) parent).setLink(up));
    }

    @Override
    public void resize(long bytes) throws VdpaException {
        control.run(() -> {
            if (bytes <= 0 || bytes % SECTOR != 0) {
                throw invalid("size " + bytes + ": expected a multiple of " + SECTOR + " above 0");
            }
            ((ResizableCapacity) parent).resize(bytes);
        });
        resized.to(bytes);
    }

    @Override
    public long dmaFaults() {
        return ((DmaFaultCounter) parent).dmaFaults();
    }

    // Rules

    private void runUnchecked(Runnable op) {
        try {
            control.run(op::run);
        } catch (VdpaException gone) {
            throw new IllegalStateException(gone.getMessage(), gone);
        }
    }

    private void checkStopped(String op, int index) throws VdpaException {
        checkIndex(index);
        if (parent.getVqReady(index)) {
            throw busy(op + " of queue " + index + ", which is ready: stop it first");
        }
    }

    private void checkIndex(int index) throws VdpaException {
        if (index < 0 || index >= vqCount) {
            throw invalid(indexSentence(index));
        }
    }

    private void checkIndexUnchecked(int index) {
        if (index < 0 || index >= vqCount) {
            throw new IllegalStateException(indexSentence(index));
        }
    }

    private String indexSentence(int index) {
        return "queue " + index + ": " + device + " has queues 0 to " + (vqCount - 1);
    }

    private static void checkAligned(int index, String part, long address, int align) throws VdpaException {
        if ((address & align - 1) != 0) {
            throw invalid(part + " of queue " + index + " at 0x" + Long.toHexString(address) + ": expected a multiple of "
                    + align);
        }
    }

    private void checkAsid(int asid) throws VdpaException {
        int count = parent instanceof AddressSpaces spaces ? spaces.addressSpaceCount() : 1;
        if (asid < 0 || asid >= count) {
            throw invalid("address space " + asid + ": expected 0 to " + (count - 1));
        }
    }

    private void checkReachable(MemoryRegion region) throws VdpaException {
        IovaRange range = parent.getIovaRange();
        if (Long.compareUnsigned(region.iova(), range.first()) < 0
                || Long.compareUnsigned(region.lastIova(), range.last()) > 0) {
            throw invalid("memory 0x" + Long.toHexString(region.iova()) + " to 0x"
                    + Long.toHexString(region.lastIova()) + ": " + device + " reaches 0x"
                    + Long.toHexString(range.first()) + " to 0x" + Long.toHexString(range.last()));
        }
    }

    private static boolean has(int status, int bit) {
        return (status & bit) != 0;
    }

    private static VdpaException invalid(String sentence) {
        return new VdpaException(VdpaError.EINVAL, sentence);
    }

    private static VdpaException busy(String sentence) {
        return new VdpaException(VdpaError.EBUSY, sentence);
    }
}
