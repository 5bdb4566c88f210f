package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What devices cost that nobody uses, in processor time, which other load on the machine changes less than elapsed time. */
class IdleCostIT {
    private static final Duration BUDGET = Duration.ofMillis(20);
    private static final Duration SPAN = Duration.ofSeconds(10);
    private static final int SPANS = 6;
    private static final int DEVICES = 20;

    /** So many of each type have a driver. */
    private static final int DRIVEN = 2;

    @TempDir
    private Path directory;

    /** One of some spans is enough: what a process has left to do after its start, such as compiling, only ever adds to them. */
    @Test
    void twentyIdleDevicesTakeAtMostTwentyMillisecondsOfProcessorTimeInTenSeconds() throws IOException {
        var devices = Files.write(directory.resolve("devices"), lines());
        try (var busbar = BusbarProcess.in(directory).option("--devices", devices.toString()).start();
                var front = DiskDriver.at(busbar.socket("disk7"))) {
            front.writeAndReadBack();
            assertThat(busbar.ok("vdpa", "dev", "show").lines().filter(line -> line.contains(": type "))).hasSize(DEVICES);
            assertThat(busbar.ok("status").lines().filter(line -> line.contains("  running  "))).hasSize(3 * DRIVEN + 1);

            var clock = ProcessClock.of(busbar.pid());
            var costs = new ArrayList<Duration>();
            do {
                costs.add(cost(clock));
            } while (costs.size() < SPANS && costs.getLast().compareTo(BUDGET) > 0);
            System.out.println("processor time of " + DEVICES + " idle devices in 10 s: " + costs);

            assertThat(costs.getLast()).isPositive().isLessThanOrEqualTo(BUDGET);
            front.writeAndReadBack();
        }
    }

    private static List<String> lines() {
        var lines = new ArrayList<String>();
        for (int number = 1; lines.size() < DEVICES; number++) {
            var driven = number <= DRIVEN ? " driver_override virtio" : "";
            lines.add("name disk" + number + " mgmtdev sim_block backend memory size 1M" + driven);
            lines.add("name net" + number + " mgmtdev sim_net backend switch network lan0 dhcp 10.1.0.0/24" + driven);
            if (lines.size() < DEVICES) {
                lines.add("name con" + number + " mgmtdev sim_console backend log path con" + number + ".log" + driven);
            }
        }
        return lines;
    }

    private static Duration cost(ProcessClock clock) {
        var before = clock.time();
        var end = System.nanoTime() + SPAN.toNanos();
        for (var left = SPAN.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return clock.time().minus(before);
    }
}
