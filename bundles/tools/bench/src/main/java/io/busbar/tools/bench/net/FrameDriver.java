package io.busbar.tools.bench.net;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * DPDK's virtio-user, which keeps frames on their way to a device and back.
 *
 * @param program compiled
 */
record FrameDriver(DpdkProgram program) {

    private static final int PROCESSOR = 0;
    /** Of a ring of 256: there is always a buffer for what comes back. */
    private static final int WINDOW = 192;
    /** For its start, and for an answer beyond the time that was asked for. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Pattern REPORT = Pattern.compile("frames (\\d+) seconds (\\S+) wrong (\\d+)");

    /**
     * Drives a device.
     *
     * @param socket  of the device
     * @param size    of the frames
     * @param warmUp  seconds before the measurement
     * @param seconds of the measurement
     * @return frames per second that came back
     * @throws IOException if one of them was lost, came twice, in another order or with another length, or none came
     */
    double rate(Path socket, FrameSize size, double warmUp, double seconds) throws IOException {
        String device = "net_virtio_user0,queues=1,path=" + socket;
        try (PolledProgram driver = PolledProgram.start("the driver",
                program.command(PROCESSOR, device, size.key(), Integer.toString(WINDOW)), PATIENCE)) {
            run(driver, warmUp);
            return run(driver, seconds);
        }
    }

    private static double run(PolledProgram driver, double seconds) throws IOException {
        driver.say(String.format(Locale.ROOT, "%.3f", seconds));
        String line = driver.await(PATIENCE.plusMillis((long) (1000 * seconds)), "frames");
        Matcher report = REPORT.matcher(line);
        if (!report.matches() || !report.group(3).equals("0") || report.group(1).equals("0")) {
            throw new IOException("the driver says \"" + line + "\": expected frames, and none that is wrong");
        }
        return Long.parseLong(report.group(1)) / Double.parseDouble(report.group(2));
    }
}
