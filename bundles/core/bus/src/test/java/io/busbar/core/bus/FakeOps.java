package io.busbar.core.bus;

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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** A parent's ops that write down what reaches them; no ability, so that each subclass adds its own. */
class FakeOps implements VdpaConfigOps {

    static final int QUEUES = 2;
    static final int MAX_NUM = 256;
    static final long VERSION_1 = 1L << 32;
    static final long FLUSH = 1L << 9;
    static final long CONFIG_WCE = 1L << 11;
    static final int CONFIG_SIZE = 8;

    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    final boolean[] ready = new boolean[QUEUES];
    volatile int status;
    volatile long driverFeatures;
    volatile boolean refuseFeatures;
    volatile int deviceId = 2;
    volatile int numMax = MAX_NUM;
    volatile RuntimeException thrown;
    volatile VdpaException failure;
    volatile Runnable hang = () -> {};

    void called(String call) throws VdpaException {
        calls.add(call);
        hang.run();
        if (thrown != null) {
            throw thrown;
        }
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        called("setVqAddress " + index);
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        called("setVqNum " + index + " " + num);
    }

    @Override
    public void kickVq(int index) {
        calls.add("kickVq " + index);
    }

    @Override
    public void setVqCallback(int index, VqCallback callback) {
        calls.add("setVqCallback " + index);
    }

    @Override
    public void setVqReady(int index, boolean nowReady) throws VdpaException {
        called("setVqReady " + index + " " + nowReady);
        ready[index] = nowReady;
    }

    @Override
    public boolean getVqReady(int index) {
        return ready[index];
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        called("setVqState " + index);
    }

    @Override
    public VqState getVqState(int index) throws VdpaException {
        called("getVqState " + index);
        return new VqState.Split(7);
    }

    @Override
    public int getVqAlign() {
        return 16;
    }

    @Override
    public int getVqNumMax() {
        return numMax;
    }

    @Override
    public long getDeviceFeatures() {
        return VERSION_1 | FLUSH | CONFIG_WCE;
    }

    @Override
    public void setDriverFeatures(long features) throws VdpaException {
        called("setDriverFeatures " + Long.toHexString(features));
        driverFeatures = features;
    }

    @Override
    public long getDriverFeatures() {
        return driverFeatures;
    }

    @Override
    public void setConfigCallback(ConfigCallback callback) {
        calls.add("setConfigCallback");
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
    public void setStatus(int newStatus) throws VdpaException {
        called("setStatus " + newStatus);
        status = refuseFeatures ? newStatus & ~8 : newStatus;
    }

    @Override
    public void reset() throws VdpaException {
        called("reset");
        status = 0;
        driverFeatures = 0;
        Arrays.fill(ready, false);
    }

    @Override
    public int getConfigSize() {
        return CONFIG_SIZE;
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        calls.add("getConfig " + offset);
        Arrays.fill(target, (byte) 9);
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        called("setConfig " + offset + " " + source.length);
    }

    @Override
    public int getGeneration() {
        return 0;
    }

    @Override
    public IovaRange getIovaRange() {
        return new IovaRange(0x1000, 0xffff_ffffL);
    }

    /** A device that translates by whole tables, and can do everything else too. */
    static class OnChip extends FakeOps
            implements OnChipIommu,
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

        final List<DriverMemory> tables = new ArrayList<>();
        volatile long backendFeatures;
        volatile long faults;

        @Override
        public void setMap(int asid, DriverMemory memory) throws VdpaException {
            called("setMap " + asid);
            tables.add(memory);
        }

        @Override
        public int groupCount() {
            return 2;
        }

        @Override
        public int addressSpaceCount() {
            return 2;
        }

        @Override
        public int getVqGroup(int index) {
            return index;
        }

        @Override
        public void setGroupAsid(int group, int asid) throws VdpaException {
            called("setGroupAsid " + group + " " + asid);
        }

        @Override
        public void suspend() throws VdpaException {
            called("suspend");
        }

        @Override
        public void resume() throws VdpaException {
            called("resume");
        }

        @Override
        public Map<String, Long> getVendorVqStats(int index) {
            return Map.of("kicks", (long) index);
        }

        @Override
        public void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
            called("setVqKickDescriptor " + index + " " + descriptor);
        }

        @Override
        public void setVqCallDescriptor(int index, int descriptor) throws VdpaException {
            called("setVqCallDescriptor " + index + " " + descriptor);
        }

        @Override
        public InflightArea createInflight(int queues, int queueSize) throws VdpaException {
            called("createInflight " + queues + " " + queueSize);
            return new InflightArea(-1, 0, 0, queues, queueSize);
        }

        @Override
        public void setInflight(InflightArea area) throws VdpaException {
            called("setInflight");
        }

        @Override
        public long getBackendFeatures() {
            return backendFeatures;
        }

        @Override
        public void resize(long bytes) throws VdpaException {
            called("resize " + bytes);
        }

        @Override
        public void setLink(boolean up) throws VdpaException {
            called("setLink " + up);
        }

        @Override
        public long dmaFaults() {
            return faults;
        }
    }

    /** A device that takes ranges, of which it has room for some. */
    static final class Incremental extends FakeOps implements IncrementalIommu {

        final List<MemoryRegion> mapped = new ArrayList<>();
        int room = 100;

        @Override
        public void dmaMap(int asid, MemoryRegion region) throws VdpaException {
            called("dmaMap " + Long.toHexString(region.iova()));
            if (mapped.size() == room) {
                throw new VdpaException(VdpaError.ENOSPC, "the table has " + room + " entries");
            }
            mapped.add(region);
        }

        @Override
        public void dmaUnmap(int asid, long iova, long size) throws VdpaException {
            called("dmaUnmap " + Long.toHexString(iova));
            mapped.removeIf(region -> region.iova() == iova);
        }
    }

    /** A device behind the bus's translation. */
    static final class Platform extends FakeOps implements PlatformDma {

        DmaDomain domain;

        @Override
        public void attachDomain(DmaDomain newDomain) {
            domain = newDomain;
        }
    }
}
