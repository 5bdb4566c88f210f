package io.busbar.itests.framework;

import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_S_IOERR;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.itests.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** Bundles are stopped and started again under devices that are in use: requests wait, and none fails. */
@ExtendWith(InFramework.class)
class PluggingIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final String DRIVER = "test-driver";
    private static final int REQUESTS = 16;

    private BundleContext context;
    private ServiceRegistration<VdpaBusDriver> driver;
    private final List<String> bindings = new CopyOnWriteArrayList<>();

    @BeforeEach
    void begin(BundleContext inside) {
        context = inside;
        driver = context.registerService(VdpaBusDriver.class, new Driver(), null);
    }

    @AfterEach
    void end() throws Exception {
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().startsWith("io.busbar.")) {
                bundle.start();
            }
        }
        eventually("the bus is back", () -> context.getServiceReference(VdpaBus.class) != null);
        for (var device : bus().snapshot().devices()) {
            bus().devDel(device.name());
        }
        driver.unregister();
    }

    /** Takes what its override gives it, and leaves it to the test. */
    private final class Driver implements VdpaBusDriver {
        @Override
        public String name() {
            return DRIVER;
        }

        @Override
        public boolean matches(VdpaDevice device) {
            return false;
        }

        @Override
        public Binding probe(VdpaDevice device) {
            bindings.add("probe " + device.name());
            return new Binding() {
                @Override
                public String endpoint() {
                    return "";
                }

                @Override
                public boolean connected() {
                    return false;
                }

                @Override
                public Health health() {
                    return Health.OK;
                }

                @Override
                public void close() {
                    bindings.add("close " + device.name());
                }
            };
        }
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private VdpaDevice add(String name, boolean persistent) throws Exception {
        return add(name, persistent, Map.of());
    }

    private VdpaDevice add(String name, boolean persistent, Map<String, String> more) throws Exception {
        Map<String, String> words = new LinkedHashMap<>(
                Map.of("backend", "memory", "size", "1M", VdpaBus.DRIVER_OVERRIDE, DRIVER));
        words.putAll(more);
        return bus().devAdd("sim_block", new AddRequest(name, words), persistent).orElseThrow();
    }

    private BusSnapshot.Device shown(String name) {
        return bus().snapshot().devices().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what);
    }

    private static List<Integer> startReads(TestDisk disk) {
        List<Integer> requests = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            requests.add(disk.startRead(i));
        }
        return requests;
    }

    @Test
    void whatWasWrittenIsRead(BundleContext inside) throws Exception {
        try (var disk = new TestDisk(add("disk0", false))) {
            int write = disk.startWrite(7, 0xa5);
            eventually("it is written", () -> disk.inFlight() == 0);
            int read = disk.startRead(7);
            eventually("it is read", () -> disk.inFlight() == 0);
            assertThat(disk.status(write)).isZero();
            assertThat(disk.status(read)).isZero();
            assertThat(disk.firstByte(read)).isEqualTo(0xa5);
            assertThat(shown("disk0").state()).isEqualTo(State.RUNNING);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.busbar.backends.memory", "io.busbar.devices.block"})
    void requestsWaitWhileAPartIsAwayAndAreServedWhenItIsBack(String part) throws Exception {
        try (var disk = new TestDisk(add("disk0", false))) {
            startReads(disk);
            eventually("they are served", () -> disk.inFlight() == 0);

            bundle(part).stop();
            assertThat(shown("disk0").state()).isEqualTo(State.HELD);
            assertThat(shown("disk0").health().reason())
                    .isEqualTo(part.contains("backends") ? Reason.NO_BACKEND : Reason.NO_DEVICE_MODEL);
            List<Integer> held = startReads(disk);
            assertThat(disk.inFlight()).isEqualTo(REQUESTS);

            bundle(part).start();
            eventually("they are served", () -> disk.inFlight() == 0);
            assertThat(held).allSatisfy(request -> assertThat(disk.status(request)).isZero());
            // Requests are served a moment before it is said.
            eventually("it runs again", () -> shown("disk0").state() == State.RUNNING);
            assertThat(bindings).as("nobody was unbound").containsExactly("probe disk0");
        }
    }

    @Test
    void requestsFailOrTheDeviceGoesWhereTheUserWantsThat() throws Exception {
        add("gone0", true, Map.of("no_backend", "remove", "no_backend_after", "0"));
        try (var disk = new TestDisk(add("disk0", false, Map.of("no_backend", "fail", "no_backend_after", "0")))) {
            bundle("io.busbar.backends.memory").stop();
            eventually("they fail", () -> shown("disk0").health().reason() == Reason.REQUESTS_FAIL);
            assertThat(shown("disk0").state()).isEqualTo(State.RUNNING);
            List<Integer> failed = startReads(disk);
            eventually("they have ended", () -> disk.inFlight() == 0);
            assertThat(failed).allSatisfy(request -> assertThat(disk.status(request)).isEqualTo(VIRTIO_BLK_S_IOERR));
            eventually("the other is gone", () -> bus().snapshot().devices().size() == 1);
            assertThat(bindings).contains("close gone0").doesNotContain("close disk0");

            bundle("io.busbar.backends.memory").start();
            eventually("it goes on", () -> shown("disk0").health().ok());
            List<Integer> served = startReads(disk);
            eventually("they are served", () -> disk.inFlight() == 0);
            assertThat(served).allSatisfy(request -> assertThat(disk.status(request)).isZero());
        }
    }

    @Test
    void underLoadEveryRequestIsServedWhilePartsComeAndGo(BundleContext inside) throws Exception {
        try (var disk = new TestDisk(add("disk0", false))) {
            for (String part : List.of(
                    "io.busbar.backends.memory", "io.busbar.devices.block", "io.busbar.backends.memory",
                    "io.busbar.devices.block")) {
                List<Integer> before = startReads(disk);
                bundle(part).stop();
                List<Integer> during = startReads(disk);
                bundle(part).start();
                eventually("all are served after " + part, () -> disk.inFlight() == 0);
                assertThat(before).allSatisfy(request -> assertThat(disk.status(request)).isZero());
                assertThat(during).allSatisfy(request -> assertThat(disk.status(request)).isZero());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.busbar.drivers.sim", "io.busbar.core.queue"})
    void aDeviceIsAbsentWhileItsMakerIsAwayAndIsAddedAgain(String maker) throws Exception {
        VdpaDevice before = add("disk0", false);
        bundle(maker).stop();
        assertThat(bindings).containsExactly("probe disk0", "close disk0");
        assertThat(bus().devices()).isEmpty();
        assertThat(shown("disk0").state()).isEqualTo(State.ABSENT);
        assertThat(shown("disk0").health().reason()).isEqualTo(Reason.NO_MANAGEMENT_DEVICE);

        bundle(maker).start();
        eventually("it is bound again", () -> shown("disk0").state() == State.BOUND);
        VdpaDevice after = bus().device("disk0").orElseThrow();
        assertThat(after).isNotSameAs(before);
        try (var disk = new TestDisk(after)) {
            startReads(disk);
            eventually("it serves", () -> disk.inFlight() == 0);
        }
    }

    @Test
    void aDeviceThatIsKeptComesBackWithTheBusWhateverIsThereFirst(BundleContext inside) throws Exception {
        add("disk0", true);
        for (String part : List.of("io.busbar.core.bus", "io.busbar.backends.memory", "io.busbar.devices.block")) {
            bundle(part).stop();
        }
        bundle("io.busbar.core.bus").start();
        assertThat(shown("disk0").persistent()).isTrue();
        assertThat(shown("disk0").state()).isEqualTo(State.ABSENT);

        bundle("io.busbar.devices.block").start();
        eventually("the block model is there and the backend is not", () -> shown("disk0").health().reason() == Reason.NO_BACKEND);
        bundle("io.busbar.backends.memory").start();
        eventually("it is bound again", () -> shown("disk0").state() == State.BOUND);
    }

    @Test
    void aBusDriverThatComesBackTakesItsDeviceAgain(BundleContext inside) throws Exception {
        add("disk0", false);
        driver.unregister();
        assertThat(shown("disk0").state()).isEqualTo(State.UNBOUND);
        assertThat(shown("disk0").health().sentence()).isEqualTo("bus driver " + DRIVER + " is not there");
        driver = context.registerService(VdpaBusDriver.class, new Driver(), null);
        eventually("it is bound again", () -> shown("disk0").state() == State.BOUND);
    }

    @Test
    void theVhostUserDriverComesAndGoesWithItsSocket(BundleContext inside) throws Exception {
        bus().devAdd("sim_block", new AddRequest("disk1", Map.of("backend", "memory", "size", "1M")), false);
        assertThat(shown("disk1").endpoint()).endsWith("disk1.sock");
        bundle("io.busbar.bus-drivers.vhost-user").stop();
        assertThat(shown("disk1").state()).isEqualTo(State.UNBOUND);
        bundle("io.busbar.bus-drivers.vhost-user").start();
        eventually("it is bound again", () -> shown("disk1").state() == State.BOUND);
    }
}
