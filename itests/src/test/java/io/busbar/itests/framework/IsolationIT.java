package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapReport;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.itests.Eventually;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A backend that misbehaves harms its own device, which says what it did; another one goes on all the time. */
@ExtendWith(InFramework.class)
class IsolationIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int REQUESTS = 8;
    private static final int VALUE = 0xa5;

    private BundleContext context;
    private Bundle naughty;
    private TestDisk good;
    private TestDisk bad;

    @BeforeEach
    void begin(BundleContext inside) throws Exception {
        context = inside;
        System.clearProperty(NaughtyBackend.GO_ON);
        naughty = plug();
        good = new TestDisk(add("good0", Map.of("backend", "memory", "size", "1M")));
    }

    @AfterEach
    void end() throws Exception {
        System.setProperty(NaughtyBackend.GO_ON, "yes");
        good.close();
        for (var device : bus().snapshot().devices()) {
            bus().devDel(device.name());
        }
        naughty.uninstall();
    }

    private Bundle plug() throws Exception {
        var manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", "test.naughty");
        main.putValue("Import-Package",
                "io.busbar.api.backend;version=\"[0.1,1)\",io.busbar.api.memory;version=\"[0.1,1)\"");
        main.putValue("Provide-Capability",
                "busbar.backend;type=block;name=naughty;class=\"" + NaughtyBackend.class.getName() + "\"");
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            String path = NaughtyBackend.class.getName().replace('.', '/') + ".class";
            jar.putNextEntry(new JarEntry(path));
            try (var content = IsolationIT.class.getClassLoader().getResourceAsStream(path)) {
                content.transferTo(jar);
            }
        }
        Bundle bundle = context.installBundle("test:naughty", new ByteArrayInputStream(bytes.toByteArray()));
        bundle.start();
        return bundle;
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private VdpaDevice add(String name, Map<String, String> words) throws Exception {
        var all = new LinkedHashMap<>(words);
        all.put(VdpaBus.DRIVER_OVERRIDE, "nobody");
        return bus().devAdd("sim_block", new AddRequest(name, all), false).orElseThrow();
    }

    private void naughtyDisk(String does) throws Exception {
        bad = new TestDisk(add("bad0", Map.of("backend", "naughty", "does", does)));
    }

    private BusSnapshot.Device shown() {
        return bus().snapshot().devices().stream()
                .filter(device -> device.name().equals("bad0"))
                .findFirst()
                .orElseThrow();
    }

    private String misbehaviour() {
        return shown().details().getOrDefault("misbehaviour", "");
    }

    private SwapReport swap(boolean force) throws VdpaException {
        return bus().swapBackend(
                "bad0", new SwapRequest("memory", Map.of("size", "1M"), Duration.ofMillis(100), false, force));
    }

    private static void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what);
    }

    private static List<Integer> write(TestDisk disk) {
        List<Integer> requests = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            requests.add(disk.startWrite(i, VALUE));
        }
        return requests;
    }

    private static void assertServes(TestDisk disk) {
        List<Integer> requests = write(disk);
        eventually("all are served", () -> disk.inFlight() == 0);
        assertThat(requests).allSatisfy(request -> assertThat(disk.status(request)).isZero());
    }

    private void theOtherGoesOn() {
        assertServes(good);
        assertThat(bus().snapshot().devices().stream().filter(device -> device.name().equals("good0")))
                .allSatisfy(device -> {
                    assertIsWell(device);
                    assertThat(device.details()).doesNotContainKey("misbehaviour");
                });
    }

    /** Nothing is wrong with it but that the test has it, and no bus driver. */
    private static void assertIsWell(BusSnapshot.Device device) {
        assertThat(device.health().reason()).as(device.health().sentence()).isEqualTo(Reason.NO_BUS_DRIVER);
    }

    @Test
    void oneThatThrows() throws Exception {
        naughtyDisk("throws");
        bad.startRead(0);
        eventually("it says so", () -> shown().state() == State.NEEDS_RESET);
        assertThat(shown().health().sentence()).contains("IllegalStateException: naughty");
        assertThat(misbehaviour()).isEqualTo("1 exceptions thrown");
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void oneThatNeverCompletes() throws Exception {
        naughtyDisk("never-completes");
        List<Integer> requests = write(bad);
        theOtherGoesOn();
        assertThat(bad.inFlight()).isEqualTo(REQUESTS);
        assertThat(swap(true).inFlight()).isEqualTo(REQUESTS);
        eventually("the next one has them", () -> bad.inFlight() == 0);
        assertThat(requests).allSatisfy(request -> assertThat(bad.status(request)).isZero());
        int read = bad.startRead(REQUESTS - 1);
        eventually("it is read", () -> bad.inFlight() == 0);
        assertThat(bad.firstByte(read)).isEqualTo(VALUE);
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void oneThatCompletesAfterItWasFenced() throws Exception {
        naughtyDisk("completes-late");
        write(bad);
        eventually("it has them", () -> chains() == REQUESTS);
        swap(true);
        eventually("it was refused", () -> misbehaviour().contains("1 requests used after they were taken away"));
        assertThat(misbehaviour()).contains("close threw java.lang.IllegalStateException: the request was taken away");
        eventually("each was used once", () -> bad.inFlight() == 0);
        assertServes(bad);
        theOtherGoesOn();
        bad.close();
    }

    private long chains() {
        return ((QueueStatistics) bus().device("bad0").orElseThrow().ops())
                .getVendorVqStats(0).get("chains");
    }

    @Test
    void oneThatCompletesTwice() throws Exception {
        naughtyDisk("completes-twice");
        int request = bad.startWrite(0, VALUE);
        eventually("it says so", () -> misbehaviour().equals("1 requests completed twice"));
        eventually("it is used, once", () -> bad.inFlight() == 0);
        assertThat(bad.status(request)).isZero();
        assertIsWell(shown());
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void oneThatWritesOutsideItsBuffers() throws Exception {
        naughtyDisk("writes-outside");
        int request = bad.startRead(0);
        eventually("it is served", () -> bad.inFlight() == 0);
        assertThat(bad.status(request)).isZero();
        assertThat(bad.firstByte(request)).isEqualTo(0x66);
        assertThat(bad.isUntouchedAround(request)).isTrue();
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void oneThatBlocksInSubmit() throws Exception {
        naughtyDisk("blocks-in-submit");
        int request = bad.startWrite(0, VALUE);
        eventually("it has it", () -> chains() == 1);
        theOtherGoesOn();
        swap(true);
        eventually("the next one has it", () -> bad.inFlight() == 0);
        assertThat(bad.status(request)).isZero();
        assertThat(misbehaviour()).isEqualTo("1 threads kept");
        assertServes(bad);
        System.setProperty(NaughtyBackend.GO_ON, "yes");
        eventually("it comes back, too late", () -> misbehaviour().contains("1 requests used after they were taken away"));
        assertServes(bad);
        assertIsWell(shown());
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void oneThatBlocksInClose() throws Exception {
        naughtyDisk("blocks-in-close");
        assertServes(bad);
        swap(false);
        assertServes(bad);
        assertThat(misbehaviour()).matches("closing since [0-9-]+T[0-9:]+Z, thread busbar-close-bad0");
        theOtherGoesOn();
        System.setProperty(NaughtyBackend.GO_ON, "yes");
        eventually("it has closed", () -> misbehaviour().isEmpty());
        bad.close();
    }

    @Test
    void oneThatLeaksThreads() throws Exception {
        naughtyDisk("leaks-threads");
        assertServes(bad);
        swap(false);
        eventually("they are named",
                () -> misbehaviour().equals("2 threads left behind: naughty-child, naughty-thread"));
        theOtherGoesOn();
        bad.close();
    }

    @Test
    void whatItKeepsInAStoppedBundleIsNoReasonToHoldForEver() throws Exception {
        naughtyDisk("never-completes");
        write(bad);
        eventually("it has them", () -> chains() == REQUESTS);
        swap(true);
        naughty.stop();
        assertServes(bad);
        assertIsWell(shown());
        bad.close();
    }
}
