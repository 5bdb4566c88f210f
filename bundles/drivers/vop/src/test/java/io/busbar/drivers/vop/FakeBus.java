package io.busbar.drivers.vop;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A bus that has what its one management device makes, and keeps places as the real one does. */
final class FakeBus implements VdpaBus, VdpaBuses, VdpaBuses.OpenBus, Card.Registrar, Card.Registration {

    final Map<String, VdpaParentDevice> devices = new ConcurrentHashMap<>();
    /** Sentences of devices that have their place only. */
    final Map<String, String> absent = new ConcurrentHashMap<>();
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    volatile VdpaManagementDevice maker;
    volatile VdpaException refusal;
    /** Nothing is taken off. */
    volatile boolean keeps;
    volatile int keptOff;

    @Override
    public OpenBus open(String name) {
        calls.add("open " + name);
        return this;
    }

    @Override
    public VdpaBus bus() {
        return this;
    }

    @Override
    public Card.Registration register(String bus, VdpaManagementDevice made) {
        maker = made;
        return this;
    }

    @Override
    public void changed() {
        calls.add("changed");
    }

    /** Of the registration, and then of the bus. */
    @Override
    public void close() {
        calls.add("close");
        devices.keySet().forEach(this::takeOff);
    }

    private void takeOff(String name) {
        VdpaParentDevice device = devices.remove(name);
        try {
            device.ops().reset(); // As a bus driver does when it lets go.
        } catch (VdpaException e) {
            throw new IllegalStateException(e);
        }
        maker.devDel(device);
    }

    @Override
    public String name() {
        return "mic0";
    }

    @Override
    public Optional<VdpaDevice> devAdd(String managementDevice, AddRequest request, boolean persistent) throws VdpaException {
        if (refusal != null) {
            VdpaException once = refusal;
            refusal = null;
            throw once;
        }
        try {
            devices.put(request.name(), maker.devAdd(request));
            absent.remove(request.name());
        } catch (VdpaException refused) {
            if (refused.error() != VdpaError.EAGAIN) {
                throw refused;
            }
            absent.put(request.name(), refused.reason() + ": " + refused.getMessage());
        }
        return Optional.empty();
    }

    @Override
    public void devDel(String name) throws VdpaException {
        if (keeps) {
            keptOff++;
            throw new VdpaException(VdpaError.EIO, "the list of devices cannot be written");
        }
        if (absent.remove(name) == null) {
            if (!devices.containsKey(name)) {
                throw new VdpaException(VdpaError.ENODEV, "device not found");
            }
            takeOff(name);
        }
    }

    @Override
    public List<VdpaDevice> devices() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<VdpaDevice> device(String name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<VdpaManagementDevice> managementDevices() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setDriverOverride(String name, Optional<String> busDriver) {
        throw new UnsupportedOperationException();
    }

    @Override
    public SwapReport swapBackend(String name, SwapRequest request) {
        throw new UnsupportedOperationException();
    }

    @Override
    public SwapReport swapModel(String name, Duration deadline, boolean dryRun) {
        throw new UnsupportedOperationException();
    }

    @Override
    public BusSnapshot snapshot() {
        throw new UnsupportedOperationException();
    }
}
