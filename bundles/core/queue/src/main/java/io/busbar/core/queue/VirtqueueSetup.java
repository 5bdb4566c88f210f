package io.busbar.core.queue;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;

/** What was set for one queue, and the queue itself while it is active. For the device's control thread. */
final class VirtqueueSetup {

    private static final int DESCRIPTOR_TABLE_ALIGN = 16;
    private static final int DRIVER_AREA_ALIGN = 2;
    private static final int DEVICE_AREA_ALIGN = 4;

    final QueueCounters counters = new QueueCounters();
    int size;
    long descriptorTable;
    long driverArea;
    long deviceArea;
    VqState.Split state = VqState.Split.INITIAL;
    VqCallback callback;
    int kickDescriptor = -1;
    boolean ready;
    /** Whether it was stopped for a change of the memory, and starts again when that is done. */
    boolean startsAgain;
    /** The record that the active queue keeps up; null while it is not active, or keeps none. */
    InflightMemory record;
    /** Also read by kicks, which take no lock. */
    volatile ActiveQueue active;

    void setAddress(int index, long table, long driver, long device) throws VdpaException {
        checkAligned(index, "descriptor table", table, DESCRIPTOR_TABLE_ALIGN);
        checkAligned(index, "driver area", driver, DRIVER_AREA_ALIGN);
        checkAligned(index, "device area", device, DEVICE_AREA_ALIGN);
        descriptorTable = table;
        driverArea = driver;
        deviceArea = device;
    }

    private static void checkAligned(int index, String part, long address, int align) throws VdpaException {
        if ((address & align - 1) != 0) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": " + part + " at 0x"
                    + Long.toHexString(address) + ": expected a multiple of " + align);
        }
    }

    /** Forgets everything but the counters. */
    void reset() {
        size = 0;
        descriptorTable = 0;
        driverArea = 0;
        deviceArea = 0;
        state = VqState.Split.INITIAL;
        callback = null;
        kickDescriptor = -1;
        ready = false;
        startsAgain = false;
    }
}
