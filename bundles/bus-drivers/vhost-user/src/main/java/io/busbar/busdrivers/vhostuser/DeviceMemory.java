package io.busbar.busdrivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.HashSet;
import java.util.Set;

/**
 * The memory table that a device works with, and the owner of all its regions: one is closed when the device has another
 * table and has let go of this one. Belongs to the device's lane.
 */
final class DeviceMemory {

    private final DmaMapping dma;
    private GuestMemory table = GuestMemory.EMPTY;
    /** Regions that the device may still use although they are not in its table. */
    private final Set<GuestRegion> lingering = new HashSet<>();

    DeviceMemory(DmaMapping dma) {
        this.dma = dma;
    }

    GuestMemory table() {
        return table;
    }

    /** Takes over regions that are to come into the table: closed at the latest at the end. */
    void own(GuestMemory next) {
        lingering.addAll(next.regions());
    }

    /**
     * Puts a table in place of the one in force, and closes what only the old one had.
     *
     * @throws VdpaException ETIMEDOUT if the device does not let go of the old table: either may be in force, so nothing
     *                       is closed until it does; else the old table stays and what only the new one had is closed
     */
    void replace(GuestMemory next) throws VdpaException {
        own(next);
        lingering.addAll(table.regions());
        try {
            dma.setMap(0, next.driverMemory());
        } catch (VdpaException e) {
            if (e.error() == VdpaError.ETIMEDOUT) {
                table = next;
            } else {
                closeLingering();
            }
            throw e;
        }
        table = next;
        closeLingering();
    }

    /**
     * Takes the table away, after a reset, and closes everything.
     *
     * @throws VdpaException if the device does not let go: nothing is closed
     */
    void end() throws VdpaException {
        dma.setMap(0, DriverMemory.EMPTY);
        lingering.addAll(table.regions());
        table = GuestMemory.EMPTY;
        closeLingering();
    }

    /** The device uses the table in force and nothing else. */
    private void closeLingering() {
        lingering.removeAll(table.regions());
        lingering.forEach(GuestRegion::close);
        lingering.clear();
    }
}
