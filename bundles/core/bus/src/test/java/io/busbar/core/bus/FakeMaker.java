package io.busbar.core.bus;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.LeavingDevice;
import io.busbar.api.vdpa.RevocableManagementDevice;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.SwappableBackend;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** A management device that makes {@link FakeOps}. */
class FakeMaker implements VdpaManagementDevice {

    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    final Map<String, Device> made = new LinkedHashMap<>();
    Supplier<FakeOps> opsOf = FakeOps.OnChip::new;
    int vqCount = FakeOps.QUEUES;
    volatile VdpaException failure;
    volatile RuntimeException thrown;
    volatile Runnable inside = () -> {};
    AddRequest request;
    private final String name;

    FakeMaker(String name) {
        this.name = name;
    }

    record Device(FakeOps fake, int vqCount, Health[] state, Map<String, String> shown)
            implements VdpaParentDevice, SwappableBackend, LeavingDevice {

        @Override
        public boolean wantsToLeave() {
            return shown.containsKey("wants to leave");
        }

        @Override
        public SwapReport swapBackend(SwapRequest request) throws VdpaException {
            if (request.backend().equals("bad")) {
                throw new IllegalStateException("a fault of its maker");
            }
            shown.put("backend", request.backend());
            Map<String, String> attributes = new LinkedHashMap<>(request.words());
            attributes.put("backend", request.backend());
            return new SwapReport("fake", request.backend(), attributes, Duration.ZERO, Duration.ZERO, Duration.ZERO,
                    Duration.ZERO, 0);
        }

        @Override
        public VdpaConfigOps ops() {
            return fake;
        }

        @Override
        public Health health() {
            return state[0];
        }

        @Override
        public Map<String, String> details() {
            return shown;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Integer> supportedClasses() {
        return Set.of(2);
    }

    @Override
    public long supportedFeatures() {
        return FakeOps.VERSION_1;
    }

    @Override
    public int maxSupportedVqs() {
        return vqCount;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return List.of();
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest wanted) throws VdpaException {
        calls.add("devAdd " + wanted.name());
        request = wanted;
        inside.run();
        if (thrown != null) {
            throw thrown;
        }
        if (failure != null) {
            throw failure;
        }
        Device device = new Device(
                opsOf.get(), vqCount, new Health[] {Health.OK}, new LinkedHashMap<>(Map.of("backend", "fake")));
        made.put(wanted.name(), device);
        return device;
    }

    @Override
    public void devDel(VdpaParentDevice device) {
        remove("devDel ", device);
    }

    /** One that can take back what making a device changed. */
    static final class Revocable extends FakeMaker implements RevocableManagementDevice {

        Revocable(String name) {
            super(name);
        }

        @Override
        public void devRevoke(VdpaParentDevice device) {
            remove("devRevoke ", device);
        }
    }

    void remove(String call, VdpaParentDevice device) {
        made.entrySet().removeIf(entry -> {
            if (entry.getValue() == device) {
                calls.add(call + entry.getKey());
                return true;
            }
            return false;
        });
    }
}
