package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.itests.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** The bundle of {@code docs/write-a-driver.md}, installed into a running framework as it was built. */
@ExtendWith(InFramework.class)
class ExampleDriverIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int OK = 0;
    private static final int IOERR = 1;

    private static Bundle install(BundleContext context) throws Exception {
        Path target = Path.of(System.getProperty("busbar.source"), "examples", "zero-disk", "target");
        try (var files = Files.newDirectoryStream(target, "io.busbar.examples.zero-disk-*.jar")) {
            Bundle bundle = context.installBundle("reference:" + files.iterator().next().toRealPath().toUri());
            bundle.start();
            return bundle;
        }
    }

    private static BusSnapshot.Device shown(VdpaBus bus) {
        return bus.snapshot().devices().getFirst();
    }

    private static void aDriverUsesIt(VdpaBus bus) throws Exception {
        try (var disk = new TestDisk(bus.device("zero0").orElseThrow())) {
            int last = disk.startRead(63);
            int behind = disk.startRead(64);
            int write = disk.startWrite(0, 0xa5);
            Eventually.within(DEADLINE, () -> disk.inFlight() == 0, () -> "not served");
            assertThat(disk.status(last)).isEqualTo(OK);
            assertThat(disk.firstByte(last)).isZero();
            assertThat(disk.status(behind)).isEqualTo(IOERR);
            assertThat(disk.status(write)).isEqualTo(IOERR);
        }
    }

    @Test
    void aDriverThatIsInstalledWhileTheBusRunsMakesADeviceThatIsAbsentWhileItIsGone(BundleContext context)
            throws Exception {
        VdpaBus bus = context.getService(context.getServiceReference(VdpaBus.class));
        Bundle example = install(context);
        try {
            assertThatThrownBy(() -> bus.devAdd("zero_block", new AddRequest("zero0", Map.of("size", "1M")), false))
                    .hasMessage("unknown word size: zero_block knows sectors");
            // Left to the test: no bus driver of that name is there.
            bus.devAdd("zero_block",
                    new AddRequest("zero0", Map.of("sectors", "64", VdpaBus.DRIVER_OVERRIDE, "nobody")), false);
            aDriverUsesIt(bus);

            example.uninstall();
            assertThat(shown(bus).state()).isEqualTo(BusSnapshot.State.ABSENT);
            assertThat(shown(bus).health().reason()).isEqualTo(Reason.NO_MANAGEMENT_DEVICE);

            example = install(context);
            Eventually.within(DEADLINE, () -> bus.device("zero0").isPresent(), () -> "it has not come back");
            aDriverUsesIt(bus);
        } finally {
            bus.devDel("zero0");
            example.uninstall();
        }
    }
}
