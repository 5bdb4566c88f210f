package io.busbar.tools.shell.fake;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A bus with the kernel's answers about names, and nothing behind them. */
public final class FakeBus implements VdpaBus {

    private static final long COPIED = 32L << 20;

    /** Its management devices. */
    public final List<VdpaManagementDevice> managementDevices = new ArrayList<>();
    /** The last request, as the command made it. */
    public AddRequest lastRequest;
    /** The last swap that was asked for. */
    public SwapRequest lastSwap;
    /** The model swaps that were asked for. */
    public final List<String> modelSwaps = new ArrayList<>();
    /** Whether the last device comes back. */
    public boolean lastPersistent;
    /** What is wrong with devices, by name. */
    public final Map<String, Health> ill = new LinkedHashMap<>();
    /** The parts in the snapshot. */
    public final List<BusSnapshot.Part> parts = new ArrayList<>();

    /** Devices that should be there and are not. */
    public final List<BusSnapshot.Device> absent = new ArrayList<>();

    /** The bus drivers that are there. */
    public final List<String> drivers = new ArrayList<>(List.of("vhost-user"));
    /** The bus driver that takes devices by itself. */
    public String matching = "vhost-user";
    /** What the overrides were set to, in order: {@code disk0 virtio}. */
    public final List<String> overridesSet = new ArrayList<>();

    private final String name;
    private final Map<String, String> overrides = new LinkedHashMap<>();
    private final Map<String, Entry> devices = new LinkedHashMap<>();

    /** A bus. */
    public FakeBus(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<VdpaDevice> devAdd(String managementDevice, AddRequest request, boolean persistent)
            throws VdpaException {
        lastRequest = request;
        lastPersistent = persistent;
        VdpaManagementDevice maker = managementDevices.stream()
                .filter(candidate -> candidate.name().equals(managementDevice))
                .findFirst()
                .orElseThrow(() -> new VdpaException(VdpaError.ENODEV, ""));
        if (devices.containsKey(request.name())) {
            throw new VdpaException(VdpaError.EEXIST, "");
        }
        Entry entry = new Entry(request.name(), managementDevice, maker.devAdd(request));
        devices.put(request.name(), entry);
        return Optional.of(entry);
    }

    @Override
    public void devDel(String device) throws VdpaException {
        if (devices.remove(device) == null) {
            throw new VdpaException(VdpaError.ENODEV, "device not found");
        }
    }

    @Override
    public List<VdpaDevice> devices() {
        return List.copyOf(devices.values());
    }

    @Override
    public Optional<VdpaDevice> device(String device) {
        return Optional.ofNullable(devices.get(device));
    }

    @Override
    public List<VdpaManagementDevice> managementDevices() {
        return List.copyOf(managementDevices);
    }

    @Override
    public void setDriverOverride(String device, Optional<String> busDriver) {
        overrides.remove(device);
        busDriver.ifPresent(wanted -> overrides.put(device, wanted));
        overridesSet.add(device + " " + busDriver.orElse("any"));
    }

    @Override
    public SwapReport swapBackend(String device, SwapRequest request) throws VdpaException {
        lastSwap = request;
        if (request.backend().equals("nosuch")) {
            throw new VdpaException(VdpaError.ENODEV, "backend nosuch is not there: expected one of file, memory");
        }
        if (request.copy().isPresent() && !request.copy().get().goesOn(0, COPIED)) {
            throw new VdpaException(VdpaError.EBUSY, "the copy was cancelled after 0 bytes");
        }
        return new SwapReport("file", request.backend(), Map.of(), Duration.ofMillis(3), Duration.ofNanos(300_500),
                Duration.ofNanos(80_500), Duration.ofNanos(32_000), 16, request.copy().isPresent() ? COPIED : 0);
    }

    @Override
    public SwapReport swapModel(String device, Duration deadline, boolean dryRun) throws VdpaException {
        modelSwaps.add(device + " " + deadline.toMillis() + " " + dryRun);
        if (deadline.toMillis() == 1) {
            throw new VdpaException(VdpaError.ETIMEDOUT, "queue 0 has 1 requests in flight");
        }
        return new SwapReport("io.busbar.devices.block 1.0.0", "io.busbar.devices.block 1.1.0", Map.of(), Duration.ofMillis(3),
                Duration.ofNanos(300_500), Duration.ofNanos(80_500), Duration.ofNanos(32_000), 16);
    }

    private String busDriver(String device) {
        String wanted = overrides.getOrDefault(device, matching);
        return drivers.contains(wanted) ? wanted : "";
    }

    @Override
    public BusSnapshot snapshot() {
        List<BusSnapshot.Device> all = new ArrayList<>(absent);
        devices.values().forEach(entry -> all.add(snapshot(entry)));
        return new BusSnapshot(name, 7, parts, all);
    }

    private BusSnapshot.Device snapshot(Entry entry) {
        Health health = ill.getOrDefault(entry.name(), Health.OK);
        return new BusSnapshot.Device(
                entry.name(), entry.managementDeviceName(), entry.deviceId(), 0, entry.vqCount(), 256,
                health.ok() ? BusSnapshot.State.RUNNING : BusSnapshot.State.HELD, entry.ops().getStatus(), health,
                busDriver(entry.name()), overrides.getOrDefault(entry.name(), ""),
                busDriver(entry.name()).equals("vhost-user") ? "/run/busbar/" + entry.name() + ".sock" : "",
                true, 0, entry.parent().details());
    }

    private final class Entry implements VdpaDevice {

        private final String name;
        private final String managementDeviceName;
        private final VdpaParentDevice parent;

        Entry(String name, String managementDeviceName, VdpaParentDevice parent) {
            this.name = name;
            this.managementDeviceName = managementDeviceName;
            this.parent = parent;
        }

        VdpaParentDevice parent() {
            return parent;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public String busName() {
            return FakeBus.this.name;
        }

        @Override
        public String managementDeviceName() {
            return managementDeviceName;
        }

        @Override
        public int deviceId() {
            return parent.ops().getDeviceId();
        }

        @Override
        public int vqCount() {
            return parent.vqCount();
        }

        @Override
        public VdpaConfigOps ops() {
            return parent.ops();
        }

        @Override
        public DmaMapping dma() {
            throw new UnsupportedOperationException("no memory behind it");
        }

        @Override
        public Optional<String> driverOverride() {
            return Optional.ofNullable(overrides.get(name));
        }
    }
}
