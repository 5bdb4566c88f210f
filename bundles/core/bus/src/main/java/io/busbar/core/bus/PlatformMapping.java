package io.busbar.core.bus;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.DmaDomain;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;

/** The mapping of a device behind the bus's own translation: the bus keeps the table, the device goes through it. */
final class PlatformMapping implements DmaMapping, DmaDomain {

    private final String device;
    private final VdpaConfigOps ops;
    private final ControlLock control;
    private volatile DriverMemory memory = DriverMemory.EMPTY;
    private volatile Listener listener = _ -> {};

    PlatformMapping(String device, VdpaConfigOps ops, ControlLock control) {
        this.device = device;
        this.ops = ops;
        this.control = control;
    }

    @Override
    public Kind kind() {
        return Kind.PLATFORM;
    }

    /** Replaces the table; one that could not be brought into force is taken back. */
    @Override
    public void setMap(int asid, DriverMemory table) throws VdpaException {
        if (asid != 0) {
            throw new VdpaException(VdpaError.EINVAL, "address space " + asid + ": " + device + " has 0 alone");
        }
        control.run(() -> {
            DriverMemory before = memory;
            memory = table;
            try {
                listener.changed(table);
            } catch (VdpaException refused) {
                memory = before;
                throw refused;
            }
        });
    }

    @Override
    public DriverMemory memory() {
        return memory;
    }

    @Override
    public void onChange(Listener newListener) {
        listener = newListener;
    }

    @Override
    public long faults() {
        return OnChipMapping.faultsOf(ops);
    }
}
