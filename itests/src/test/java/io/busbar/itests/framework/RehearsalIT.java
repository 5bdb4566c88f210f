package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.QueueStatistics;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.itests.Eventually;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Map;
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

/** Before a swap a backend whose code is new is asked for something on the side: for nothing that leaves a trace, or that is counted. */
@ExtendWith(InFramework.class)
class RehearsalIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private BundleContext context;
    private Bundle plugged;
    private VdpaDevice device;
    private TestDisk disk;

    @BeforeEach
    void begin(BundleContext inside) throws Exception {
        context = inside;
        plugged = plug();
        device = bus().devAdd(
                        "sim_block",
                        new AddRequest("disk0", Map.of("backend", "memory", "size", "1M", VdpaBus.DRIVER_OVERRIDE, "nobody")),
                        false)
                .orElseThrow();
        disk = new TestDisk(device);
    }

    @AfterEach
    void end() throws Exception {
        System.clearProperty(BackendsToPlug.Watched.ASKED_FOR);
        disk.close();
        bus().devDel("disk0");
        plugged.uninstall();
    }

    private Bundle plug() throws Exception {
        var manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", "test.watched");
        main.putValue("Import-Package", "io.busbar.api.backend;version=\"[0.1,1)\"");
        main.putValue("Provide-Capability",
                "busbar.backend;type=block;name=watched;class=\"" + BackendsToPlug.Watched.class.getName() + "\"");
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            for (Class<?> type : new Class<?>[] {BackendsToPlug.Watched.class, BackendsToPlug.Null.class}) {
                String path = type.getName().replace('.', '/') + ".class";
                jar.putNextEntry(new JarEntry(path));
                try (var content = RehearsalIT.class.getClassLoader().getResourceAsStream(path)) {
                    content.transferTo(jar);
                }
            }
        }
        Bundle bundle = context.installBundle("test:watched", new ByteArrayInputStream(bytes.toByteArray()));
        bundle.start();
        return bundle;
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private void swap(Map<String, String> words) throws VdpaException {
        bus().swapBackend("disk0", new SwapRequest("watched", words, Duration.ofSeconds(5), false));
    }

    private void assertServes() {
        int request = disk.startWrite(0, 1);
        Eventually.within(DEADLINE, () -> disk.inFlight() == 0, () -> "a write that does not end");
        assertThat(disk.status(request)).isZero();
    }

    private Map<String, Long> counters() throws VdpaException {
        return ((QueueStatistics) device.ops()).getVendorVqStats(0);
    }

    @Test
    void aNewBackendIsReadAndNothingElseAndTheDeviceCountsNothingOfIt() throws Exception {
        assertServes();
        swap(Map.of());
        assertThat(System.getProperty(BackendsToPlug.Watched.ASKED_FOR)).isEqualTo("READ");
        assertThat(counters()).containsEntry("reads", 0L).containsEntry("chains", 1L);
        assertServes();
        assertThat(System.getProperty(BackendsToPlug.Watched.ASKED_FOR)).isEqualTo("READ WRITE");
    }

    @Test
    void oneThatThrowsIsRefusedAndTheOldOneGoesOn() throws Exception {
        assertServes();
        assertThatThrownBy(() -> swap(Map.of("throws", "yes")))
                .isInstanceOfSatisfying(VdpaException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BACKEND_FAILED))
                .hasMessageContaining("not today");
        assertThat(bus().snapshot().devices()).allSatisfy(shown ->
                assertThat(shown.health().reason()).isEqualTo(Reason.NO_BUS_DRIVER));
        assertServes();
    }
}
