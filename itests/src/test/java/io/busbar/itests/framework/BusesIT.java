package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaBuses.OpenBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.itests.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/** Buses beside the host's: parts find their way to the bus that they are for, and devices are kept for each bus. */
@ExtendWith(InFramework.class)
class BusesIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Map<String, String> DISK = Map.of("backend", "memory", "size", "1M");

    private BundleContext context;
    private ServiceRegistration<VdpaManagementDevice> maker;

    @BeforeEach
    void aMakerForTheBus(BundleContext inside) throws Exception {
        context = inside;
        ServiceReference<VdpaManagementDevice> sim = inside.getServiceReferences(VdpaManagementDevice.class, null).stream()
                .filter(reference -> inside.getService(reference).name().equals("sim_block"))
                .findFirst()
                .orElseThrow();
        maker = context.registerService(VdpaManagementDevice.class, new Disks(inside.getService(sim)),
                FrameworkUtil.asDictionary(Map.of(VdpaBus.BUS, "mic7")));
    }

    @AfterEach
    void end() {
        maker.unregister();
    }

    /** Makes what another one makes. */
    private record Disks(VdpaManagementDevice sim) implements VdpaManagementDevice {
        @Override
        public String name() {
            return "disks";
        }

        @Override
        public Set<Integer> supportedClasses() {
            return sim.supportedClasses();
        }

        @Override
        public long supportedFeatures() {
            return sim.supportedFeatures();
        }

        @Override
        public int maxSupportedVqs() {
            return sim.maxSupportedVqs();
        }

        @Override
        public List<AttributeInfo> attributes() {
            return sim.attributes();
        }

        @Override
        public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
            return sim.devAdd(request);
        }

        @Override
        public void devDel(VdpaParentDevice device) {
            sim.devDel(device);
        }
    }

    private VdpaBuses buses() {
        return context.getService(context.getServiceReference(VdpaBuses.class));
    }

    private boolean isRegistered(String bus) throws Exception {
        return !context.getServiceReferences(VdpaBus.class, "(" + VdpaBus.BUS + "=" + bus + ")").isEmpty();
    }

    private VdpaBus host() throws Exception {
        return context.getService(
                context.getServiceReferences(VdpaBus.class, "(" + VdpaBus.BUS + "=" + VdpaBus.HOST + ")").iterator().next());
    }

    private static List<String> named(VdpaBus bus, Kind kind) {
        return bus.snapshot().parts().stream().filter(part -> part.kind() == kind).map(Part::name).toList();
    }

    @Test
    void aBusHasWhatIsForItAndForEveryBus(BundleContext inside) throws Exception {
        try (OpenBus mic7 = buses().open("mic7")) {
            assertThat(isRegistered("mic7")).isTrue();
            assertThat(named(mic7.bus(), Kind.MANAGEMENT_DEVICE)).containsExactly("disks");
            assertThat(named(mic7.bus(), Kind.BUS_DRIVER)).contains("virtio", "vhost-user");
            assertThat(mic7.bus().snapshot().parts()).noneMatch(part -> part.kind() == Kind.BACKEND).allMatch(part -> part.health().ok());
            assertThat(named(host(), Kind.MANAGEMENT_DEVICE)).contains("sim_block").doesNotContain("disks");
        }
        assertThat(isRegistered("mic7")).isFalse();
    }

    @Test
    void aDeviceIsServedInTheFolderOfItsBusAndLeavesWithIt(BundleContext inside) throws Exception {
        Path socket;
        try (OpenBus mic7 = buses().open("mic7")) {
            mic7.bus().devAdd("disks", new AddRequest("disk0", DISK), false);
            BusSnapshot.Device shown = mic7.bus().snapshot().devices().getFirst();
            assertThat(shown.busDriver()).isEqualTo("vhost-user");
            socket = Path.of(shown.endpoint());
            assertThat(socket).exists().endsWith(Path.of("mic7", "disk0.sock"));
            assertThat(host().device("disk0")).isEmpty();
        }
        assertThat(Files.exists(socket)).isFalse();
    }

    @Test
    void devicesAreKeptForEachBus(BundleContext inside) throws Exception {
        try (OpenBus mic7 = buses().open("mic7")) {
            mic7.bus().devAdd("disks", new AddRequest("disk0", DISK), true);
        }
        try (OpenBus mic8 = buses().open("mic8"); OpenBus again = buses().open("mic7")) {
            Eventually.within(DEADLINE, () -> again.bus().device("disk0").isPresent(), () -> "it has not come back");
            assertThat(mic8.bus().snapshot().devices()).isEmpty();
            assertThat(host().snapshot().devices()).isEmpty();
            again.bus().devDel("disk0");
        }
    }

    @Test
    void aBusIsOpenOnceAndHasAName(BundleContext inside) throws Exception {
        assertThatThrownBy(() -> buses().open(VdpaBus.HOST)).isInstanceOfSatisfying(VdpaException.class,
                refused -> assertThat(refused.error()).isEqualTo(VdpaError.EEXIST));
        assertThatThrownBy(() -> buses().open("a/b")).hasMessageContaining("bus name \"a/b\": expected 1 to 32 letters");
        buses().open("mic7").close();
        buses().open("mic7").close();
    }
}
