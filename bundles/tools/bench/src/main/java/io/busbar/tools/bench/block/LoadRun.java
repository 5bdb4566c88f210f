package io.busbar.tools.bench.block;

import io.busbar.tools.bench.vhostuser.FrontEndException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * One run of a workload over a connection of its own: warm-up until the rate is steady, then the measurement.
 *
 * @param warmUpLimitNanos longest warm-up, for devices that do not get steady
 * @param measureNanos     length of the measurement
 */
public record LoadRun(long warmUpLimitNanos, long measureNanos) {

    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(150);
    private static final int STEADY_WINDOWS = 3;
    private static final double STEADY_SPREAD = 0.05;

    /**
     * Drives a device.
     *
     * @param socket   where it listens
     * @param workload what to do
     * @param content  of its disk
     * @param checked  whether what is read is known
     * @param seed     of the random places
     * @return what was measured
     * @throws IOException if the device cannot be driven; the message says why
     */
    public Measurement measure(Path socket, Workload workload, DiskContent content, boolean checked, long seed)
            throws IOException {
        try (BlockDevice device = open(socket, workload, content)) {
            LoadGenerator load = new LoadGenerator(device.requests(), workload, content, checked, seed);
            load.start();
            warmUp(load);
            Measurement measurement = measure(load, device.process());
            load.finish();
            return measurement;
        }
    }

    private static BlockDevice open(Path socket, Workload workload, DiskContent content) throws IOException {
        BlockDevice device = BlockDevice.open(socket, workload.depth(), workload.bytes());
        if (device.config().bytes() < (long) content.blocks() * Workload.BLOCK) {
            device.close();
            throw new FrontEndException("the disk has " + device.config().bytes() + " bytes: expected "
                    + (long) content.blocks() * Workload.BLOCK);
        }
        return device;
    }

    /** What is done when nothing is in flight. */
    public interface Pause {

        /**
         * Does it.
         *
         * @throws IOException if that fails; the message says why
         */
        void run() throws IOException, InterruptedException;
    }

    /**
     * Drives a device as {@link #measure} does, but with nothing in flight before the measurement and after it.
     *
     * @param socket   where it listens
     * @param workload what to do
     * @param content  of its disk, which is known
     * @param seed     of the random places
     * @param pause    done right before and right after
     * @return how many requests there were between the two
     * @throws IOException if the device cannot be driven, or a request fails; the message says why
     */
    public long count(Path socket, Workload workload, DiskContent content, long seed, Pause pause)
            throws IOException, InterruptedException {
        try (BlockDevice device = open(socket, workload, content)) {
            LoadGenerator load = new LoadGenerator(device.requests(), workload, content, true, seed);
            load.start();
            warmUp(load);
            load.finish();
            pause.run();
            long before = load.completed();
            load.start();
            load.run(measureNanos);
            load.finish();
            pause.run();
            if (load.errors() > 0) {
                throw new FrontEndException(load.errors() + " of " + load.completed() + " requests failed or brought wrong data");
            }
            return load.completed() - before;
        }
    }

    private void warmUp(LoadGenerator load) throws FrontEndException {
        long start = System.nanoTime();
        long[] windows = new long[STEADY_WINDOWS];
        int done = 0;
        do {
            windows[done++ % STEADY_WINDOWS] = load.run(WINDOW_NANOS);
        } while (System.nanoTime() - start < warmUpLimitNanos && (done < STEADY_WINDOWS || !isSteady(windows)));
    }

    /** Whether the windows differ by no more than a few percent. */
    static boolean isSteady(long[] windows) {
        long least = Long.MAX_VALUE;
        long most = 0;
        for (long window : windows) {
            least = Math.min(least, window);
            most = Math.max(most, window);
        }
        return most - least <= most * STEADY_SPREAD;
    }

    private Measurement measure(LoadGenerator load, long process) throws IOException {
        load.clear();
        long cpu = ProcessCpu.nanos(process);
        long start = System.nanoTime();
        long requests = load.run(measureNanos);
        long nanos = System.nanoTime() - start;
        long used = ProcessCpu.nanos(process) - cpu;
        Histogram latencies = load.latencies();
        return new Measurement(requests * 1e9 / nanos, latencies.percentile(50), latencies.percentile(99),
                requests == 0 ? 0 : (double) used / requests, load.errors());
    }
}
