package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverManagementDevice;
import io.busbar.api.vdpa.RevocableManagementDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Makes software devices of one type. */
final class SimManagementDevice implements RevocableManagementDevice, HandoverManagementDevice {

    private final SimClass type;
    private final SimServices services;
    private final List<SimDevice> devices = new CopyOnWriteArrayList<>();

    SimManagementDevice(SimClass type, SimServices services) {
        this.type = type;
        this.services = services;
    }

    @Override
    public String name() {
        return type.managementDevice();
    }

    @Override
    public Set<Integer> supportedClasses() {
        return Set.of(type.deviceId());
    }

    @Override
    public long supportedFeatures() {
        return type.features() | services.engine().ringFeatures();
    }

    @Override
    public int maxSupportedVqs() {
        return type.maxVqs();
    }

    @Override
    public List<AttributeInfo> attributes() {
        List<AttributeInfo> attributes = new ArrayList<>(DeviceWords.ATTRIBUTES);
        services.factories().model(type.deviceId()).map(DeviceModelFactory::attributes).ifPresent(attributes::addAll);
        return List.copyOf(attributes);
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
        return add(request, Optional.empty());
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request, Handover prepared) throws VdpaException {
        return add(request, Optional.of(prepared));
    }

    private VdpaParentDevice add(AddRequest request, Optional<Handover> prepared) throws VdpaException {
        SimDevice device = SimDevice.make(type, request, services, prepared);
        devices.add(device);
        device.parts().checkParts(); // What left while the device was made was not told to it.
        return device;
    }

    @Override
    public void devDel(VdpaParentDevice device) {
        end(device, DeviceParts::close);
    }

    @Override
    public void devRevoke(VdpaParentDevice device) {
        end(device, DeviceParts::revoke);
    }

    private void end(VdpaParentDevice device, Consumer<DeviceParts> how) {
        devices.removeIf(made -> {
            boolean found = made == device;
            if (found) {
                how.accept(made.parts());
            }
            return found;
        });
    }

    /** Something came. */
    void partsCame() {
        devices.forEach(device -> device.parts().recoverSoon());
    }

    /** Something left: no device uses it when the call returns, but for those with requests that do not end. */
    void partsLeft() {
        devices.forEach(device -> device.parts().checkParts());
    }

    /** Takes apart what nobody took apart. */
    void close() {
        devices.forEach(this::devDel);
    }
}
