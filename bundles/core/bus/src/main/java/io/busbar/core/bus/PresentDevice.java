package io.busbar.core.bus;

import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.Optional;

/** A device that is on the bus: its parent behind the checks. */
final class PresentDevice implements VdpaDevice {

    private final String busName;
    private final DeviceSlot slot;
    private final PluggedIn<VdpaManagementDevice> maker;
    private final VdpaParentDevice parent;
    private final int vqCount;
    private final int deviceId;
    private final ControlLock control;
    private final CheckedConfigOps checked;
    private final VdpaConfigOps ops;
    private final DmaMapping dma;

    /**
     * Takes a parent that passed {@link ParentChecks}.
     *
     * @param busName       name of the bus
     * @param slot          its place on the bus
     * @param maker         the management device that made it
     * @param parent        the device as its maker gave it
     * @param statusChanged called after its status may have changed
     * @param resized       told its new capacity
     */
    PresentDevice(
            String busName,
            DeviceSlot slot,
            PluggedIn<VdpaManagementDevice> maker,
            VdpaParentDevice parent,
            Runnable statusChanged,
            CheckedConfigOps.Resized resized) {
        this.busName = busName;
        this.slot = slot;
        this.maker = maker;
        this.parent = parent;
        vqCount = parent.vqCount();
        deviceId = parent.ops().getDeviceId();
        control = new ControlLock(slot.name());
        checked = new CheckedConfigOps(slot.name(), parent.ops(), vqCount, control, statusChanged, resized);
        ops = CheckedOpsProxy.of(slot.name(), parent.ops(), checked, control);
        dma = DmaMappings.of(slot.name(), parent.ops(), ops, control);
    }

    @Override
    public String name() {
        return slot.name();
    }

    @Override
    public String busName() {
        return busName;
    }

    @Override
    public String managementDeviceName() {
        return slot.managementDevice();
    }

    @Override
    public int deviceId() {
        return deviceId;
    }

    @Override
    public int vqCount() {
        return vqCount;
    }

    @Override
    public VdpaConfigOps ops() {
        return ops;
    }

    @Override
    public DmaMapping dma() {
        return dma;
    }

    @Override
    public Optional<String> driverOverride() {
        return slot.override();
    }

    PluggedIn<VdpaManagementDevice> maker() {
        return maker;
    }

    VdpaParentDevice parent() {
        return parent;
    }

    /** Returns why FEATURES_OK was left clear; empty if it was not. */
    String featureRefusal() {
        return checked.refusal();
    }

    /** From now on nothing reaches the parent; waits so long for an op that runs. */
    void remove(Duration patience) {
        control.remove(patience);
    }

    @Override
    public String toString() {
        return slot.name() + " on " + busName;
    }
}
