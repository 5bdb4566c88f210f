package io.busbar.drivers.vop;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.ring.SplitLayout;

/** What the driver said of one queue. Under the device's lock, but for {@link #ready}, which anybody may read. */
final class QueueSetup {

    /** No descriptor. */
    static final int NONE = -1;

    private final int index;
    int num;
    long descriptorTable;
    long driverArea;
    long deviceArea;
    /** The next entry of the available ring that is taken, while the queue does not run. */
    int availIndex;
    int kick = NONE;
    volatile boolean ready;

    QueueSetup(int index) {
        this.index = index;
    }

    /**
     * Makes the device side of the driver's ring.
     *
     * @param features that the driver accepted
     * @param regions  its memory
     * @throws VdpaException EINVAL if a part is not inside that
     */
    DeviceRing ring(long features, Regions regions) throws VdpaException {
        RingAddresses addresses = addresses(features, regions);
        try {
            return Rings.device(new DeviceRingConfig(addresses, num, features).withNextAvail(availIndex), regions);
        } catch (InternalError gone) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": its memory is not there any more");
        }
    }

    /** Finds the parts; as {@link #ring}. */
    RingAddresses addresses(long features, Regions regions) throws VdpaException {
        if (num == 0) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + " is made ready without a size");
        }
        return new RingAddresses(Memory.ALL,
                part(regions, "descriptor table", descriptorTable, SplitLayout.descriptorTableBytes(num), false),
                part(regions, "driver area", driverArea, SplitLayout.driverAreaBytes(num, features), false),
                part(regions, "device area", deviceArea, SplitLayout.deviceAreaBytes(num, features), true));
    }

    private long part(Regions regions, String part, long address, long bytes, boolean write) throws VdpaException {
        long host = regions.translate(address, bytes, write);
        if (host < 0) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": " + part + " at 0x" + Long.toHexString(address)
                    + " of " + bytes + " bytes is not inside the driver's memory");
        }
        return host;
    }

    /** Forgets all (vDPA reset). */
    void forget() {
        num = 0;
        descriptorTable = 0;
        driverArea = 0;
        deviceArea = 0;
        availIndex = 0;
        kick = NONE;
        ready = false;
    }
}
