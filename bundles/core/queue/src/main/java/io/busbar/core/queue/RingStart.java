package io.busbar.core.queue;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.InflightRegion;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.util.Arrays;
import java.util.Optional;

/**
 * A ring at its start: where it goes on, and which chains an earlier process left in flight.
 *
 * @param ring  the device side
 * @param heads chains to take again, oldest first
 */
record RingStart(DeviceRing ring, int[] heads) {

    private static final int USED_INDEX = 2;
    private static final int[] NONE = new int[0];

    /**
     * Checks that the parts are inside the driver's memory, and makes the ring.
     *
     * @throws VdpaException EINVAL if a part is not there
     */
    static RingStart of(
            int index,
            VirtqueueSetup queue,
            long features,
            Regions regions,
            InflightMemory inflight,
            boolean ownClass)
            throws VdpaException {
        int size = queue.size;
        if (size == 0) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + " is made ready without a size");
        }
        RingAddresses addresses = new RingAddresses(
                Memory.ALL,
                part(index, regions, "descriptor table", queue.descriptorTable, 16L * size, false),
                part(index, regions, "driver area", queue.driverArea, 6 + 2L * size, false),
                part(index, regions, "device area", queue.deviceArea, 6 + 8L * size, true));
        DeviceRingConfig config = new DeviceRingConfig(addresses, size, features)
                .withNextAvail(queue.state.availIndex());
        try {
            Optional<InflightRegion> record =
                    inflight == null ? Optional.empty() : inflight.region(index, size);
            return record.isPresent()
                    ? recovered(config, record.get(), regions, ownClass)
                    : new RingStart(ring(ownClass, config, regions), NONE);
        } catch (InternalError e) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": its memory is not there any more");
        }
    }

    private static DeviceRing ring(boolean ownClass, DeviceRingConfig config, Regions regions) {
        return ownClass ? Rings.device(config, regions) : Rings.plainDevice(config, regions);
    }

    private static long part(int index, Regions regions, String part, long address, long bytes, boolean write)
            throws VdpaException {
        long host = regions.translate(address, bytes, write);
        if (host < 0) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": " + part + " at 0x"
                    + Long.toHexString(address) + " of " + bytes + " bytes is not inside the driver's memory");
        }
        return host;
    }

    /** Goes on from the record, if it has something to say; one that contradicts itself is started clean. */
    private static RingStart recovered(
            DeviceRingConfig config, InflightRegion region, Regions regions, boolean ownClass) {
        int used = usedIndex(config.addresses());
        int[] heads = new int[config.size()];
        int count = region.isFresh() ? InflightRegion.INCONSISTENT : region.recover(used, heads);
        if (count < 0) {
            region.format(used);
            return new RingStart(ring(ownClass, config.withInflight(region), regions), NONE);
        }
        DeviceRingConfig goOn = config.withNextAvail(used + count & 0xffff)
                .withNextTicket(region.nextTicket())
                .withInflight(region);
        return new RingStart(ring(ownClass, goOn, regions), Arrays.copyOf(heads, count));
    }

    private static int usedIndex(RingAddresses addresses) {
        return Memory.ALL.get(JAVA_SHORT, addresses.deviceArea() + USED_INDEX) & 0xffff;
    }
}
