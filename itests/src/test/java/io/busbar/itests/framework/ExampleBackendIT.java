package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.itests.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The bundle of {@code docs/write-a-backend.md}, installed into a running framework as it was built. */
@ExtendWith(InFramework.class)
class ExampleBackendIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private static Bundle install(BundleContext context) throws Exception {
        Path target = Path.of(System.getProperty("busbar.source"), "examples", "ram-disk", "target");
        try (var files = Files.newDirectoryStream(target, "io.busbar.examples.ram-disk-*.jar")) {
            Bundle bundle = context.installBundle("reference:" + files.iterator().next().toRealPath().toUri());
            bundle.start();
            return bundle;
        }
    }

    private static BusSnapshot.Device shown(VdpaBus bus) {
        return bus.snapshot().devices().getFirst();
    }

    @Test
    void aBackendThatIsInstalledWhileTheBusRunsServesADeviceAndIsMissedWhenItGoes(BundleContext context) throws Exception {
        VdpaBus bus = context.getService(context.getServiceReference(VdpaBus.class));
        Bundle example = install(context);
        // Left to the test: no bus driver of that name is there.
        VdpaDevice device = bus.devAdd("sim_block", new AddRequest("ram0",
                Map.of("backend", "ram", "size", "128M", VdpaBus.DRIVER_OVERRIDE, "nobody")), false).orElseThrow();
        try (var disk = new TestDisk(device)) {
            int write = disk.startWrite(7, 0xa5);
            Eventually.within(DEADLINE, () -> disk.inFlight() == 0, () -> "not written");
            int read = disk.startRead(7);
            Eventually.within(DEADLINE, () -> disk.inFlight() == 0, () -> "not read");
            assertThat(disk.status(write)).isZero();
            assertThat(disk.status(read)).isZero();
            assertThat(disk.firstByte(read)).isEqualTo(0xa5);

            example.uninstall();
            assertThat(shown(bus).health().reason()).isEqualTo(Reason.NO_BACKEND);
            disk.startRead(7);
            assertThat(disk.inFlight()).isEqualTo(1);

            example = install(context);
            Eventually.within(DEADLINE, () -> disk.inFlight() == 0, () -> "not served by the backend that came back");
        } finally {
            bus.devDel("ram0");
            example.uninstall();
        }
    }
}
