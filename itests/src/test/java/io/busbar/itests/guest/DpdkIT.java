package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * DPDK's virtio-user as the driver of our network devices: a program of ours on its libraries, {@code numbered-frames.c},
 * numbers each frame that it sends and looks at each that comes. It always has a receive buffer for what is on its way, so
 * each frame that does not come is one that was lost.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
final class DpdkIT {

    private static final int MANY = 10_000_000;
    private static final int FEWER = 1_000_000;
    private static final int SHORT = 64;
    private static final int LONG = 1500;

    /** Frames a second and direction that a device carries at the least. */
    private static final double LEAST_RATE = 200_000;

    private static final Pattern REPORT = Pattern.compile("(?m)^frames (\\d+) seconds (\\S+) lost 0 again 0 changed 0 refused 0$");

    private BusbarProcess busbar;
    private Path program;

    @BeforeAll
    void start(@TempDir Path folder) {
        program = CProgram.compileForDpdk("numbered-frames", folder);
        busbar = BusbarProcess.in(folder).start();
    }

    @AfterAll
    void stop() {
        if (busbar != null) {
            busbar.close();
        }
    }

    @Test
    void tenMillionNumberedFramesGoEachWayOnTwoQueuePairs() {
        NetDevice device = NetDevice.add(busbar, "two", "max_vqp", "2", "backend", "loopback");
        assertRate(run(List.of(device), 2, SHORT, MANY), MANY);
        assertCarried(device, MANY);
        long half = MANY / 2;
        assertThat(device.counts("tx packets")).startsWith(0L, half, 0L, half);
        assertThat(device.counts("rx packets")).startsWith(half, 0L, half, 0L);
    }

    @Test
    void longNumberedFramesGoBothWaysThroughTheSwitch() {
        NetDevice left = NetDevice.add(busbar, "left", "backend", "switch", "network", "dpdk");
        NetDevice right = NetDevice.add(busbar, "right", "backend", "switch", "network", "dpdk");
        run(List.of(left, right), 1, LONG, FEWER);
        assertCarried(left, FEWER);
        assertCarried(right, FEWER);
    }

    /** Returns how long it took, in seconds. The program has said that all frames came once, in order and unchanged. */
    private double run(List<NetDevice> devices, int pairs, int bytes, int frames) {
        List<String> command = new ArrayList<>(List.of(program.toString(),
                "-l", "0", "--no-pci", "--no-huge", "-m", "128", "--no-shconf", "--no-telemetry"));
        for (int port = 0; port < devices.size(); port++) {
            command.add("--vdev=net_virtio_user" + port + ",path=" + devices.get(port).socket() + ",queues=" + pairs);
        }
        command.addAll(List.of("--", Integer.toString(pairs), Integer.toString(bytes), Integer.toString(frames), "96"));
        String output = Host.check(Duration.ofMinutes(3), command.toArray(String[]::new));
        Matcher report = REPORT.matcher(output);
        assertThat(report.find()).as(output).isTrue();
        assertThat(Long.parseLong(report.group(1))).as("frames that came").isEqualTo((long) frames * devices.size());
        return Double.parseDouble(report.group(2));
    }

    private static void assertRate(double seconds, int frames) {
        double rate = frames / seconds;
        System.out.printf("DPDK: %d frames each way in %.1f s: %.0f a second%n", frames, seconds, rate);
        assertThat(rate).as("frames a second, each way").isGreaterThanOrEqualTo(LEAST_RATE);
    }

    /** What the device has counted fits: each frame once in each direction, and none dropped. */
    private static void assertCarried(NetDevice device, long frames) {
        assertThat(device.count("tx packets")).as("tx packets of %s", device.name()).isEqualTo(frames);
        assertThat(device.count("rx packets")).as("rx packets of %s", device.name()).isEqualTo(frames);
        device.assertNothingLost();
    }
}
