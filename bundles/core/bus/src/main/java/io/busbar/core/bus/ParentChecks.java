package io.busbar.core.bus;

import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;

/** What the bus asks of a device that a management device made, before it takes it. */
final class ParentChecks {

    private static final int MAX_QUEUES = 0xffff;
    private static final int MAX_QUEUE_SIZE = 0x8000;

    private ParentChecks() {}

    /**
     * Checks a device.
     *
     * @param maker  name of the management device
     * @param device what it made
     * @throws VdpaException EINVAL, saying what the device lacks
     */
    static void check(String maker, VdpaParentDevice device) throws VdpaException {
        if (device == null || device.ops() == null) {
            throw refused(maker, "no device");
        }
        VdpaConfigOps ops = device.ops();
        int translations = one(ops instanceof OnChipIommu) + one(ops instanceof IncrementalIommu)
                + one(ops instanceof PlatformDma);
        if (translations != 1) {
            throw refused(maker, "a device with " + translations
                    + " of OnChipIommu, IncrementalIommu and PlatformDma: expected exactly one");
        }
        if (ops.getDeviceId() <= 0) {
            throw refused(maker, "a device with virtio id " + ops.getDeviceId() + ": expected 1 or more");
        }
        if (device.vqCount() < 1 || device.vqCount() > MAX_QUEUES) {
            throw refused(maker, "a device with " + device.vqCount() + " queues: expected 1 to " + MAX_QUEUES);
        }
        int size = ops.getVqNumMax();
        if (size < 1 || size > MAX_QUEUE_SIZE || Integer.bitCount(size) != 1) {
            throw refused(maker, "a device with queues of up to " + size + " entries: expected a power of two from 1 to "
                    + MAX_QUEUE_SIZE);
        }
        if (ops.getConfigSize() < 0) {
            throw refused(maker, "a device with a configuration of " + ops.getConfigSize() + " bytes");
        }
    }

    private static int one(boolean has) {
        return has ? 1 : 0;
    }

    private static VdpaException refused(String maker, String what) {
        return new VdpaException(VdpaError.EINVAL, Reason.INTERNAL, maker + " made " + what, null);
    }
}
