package io.busbar.tools.bench.block;

import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What {@code bench block} was asked for.
 *
 * @param check       fail below a floor
 * @param json        print for programs
 * @param pairs       how often each workload is measured on each side
 * @param workloads   which
 * @param run         how long
 * @param imageBytes  size of the disk
 * @param directory   where images are made
 * @param socket      a device to drive alone, or null to compare
 * @param destructive whether that device's disk may be overwritten
 */
record BenchOptions(boolean check, boolean json, int pairs, Set<Workload> workloads, LoadRun run, long imageBytes,
        Path directory, Path socket, boolean destructive) {

    static final String USAGE = """
            usage: bench block [--check] [--json] [--only WORKLOAD]... [--pairs N] [--seconds S] [--dir DIR] [--quick]
                   bench block --socket PATH [--destructive] [--only WORKLOAD]... [--seconds S] [--json]
              --check        exit with 1 if a ratio is below its floor
              --json         print one JSON object instead of tables
              --only WORKLOAD  one of %s
              --pairs N      how often each workload is measured on each side, 7 to 1000 (default 7)
              --seconds S    length of a measurement, 0.1 to 3600 (default 1)
              --dir DIR      where the disks' images are made, about 800 MB, not in memory (default /var/tmp)
              --quick        once, briefly, on small images: shows that it works, and nothing about speed
              --socket PATH  no comparison: drive the vhost-user block device at PATH, by default with reads only
              --destructive  with --socket: write as well, so that the disk's content is lost, and check every read
            """.formatted(keys());

    private static final int LEAST_PAIRS = 7;
    private static final int MOST_PAIRS = 1000;
    private static final double SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final LoadRun QUICK_RUN =
            new LoadRun(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.MILLISECONDS.toNanos(100));
    private static final long IMAGE_BYTES = 256L << 20;
    private static final long QUICK_IMAGE_BYTES = 16L << 20;

    static BenchOptions parse(List<String> words) throws UsageException {
        boolean check = false;
        boolean json = false;
        boolean quick = false;
        boolean destructive = false;
        int pairs = LEAST_PAIRS;
        Set<Workload> workloads = EnumSet.noneOf(Workload.class);
        long measureNanos = (long) SECOND;
        Path directory = Path.of("/var/tmp");
        Path socket = null;
        for (Arguments arguments = new Arguments(words); arguments.hasNext();) {
            String word = arguments.next();
            switch (word) {
                case "--check" -> check = true;
                case "--json" -> json = true;
                case "--quick" -> quick = true;
                case "--destructive" -> destructive = true;
                case "--only" -> workloads.add(workload(arguments.value(word)));
                case "--pairs" -> pairs = arguments.whole(word, LEAST_PAIRS, MOST_PAIRS);
                case "--seconds" -> measureNanos = (long) (arguments.number(word, 0.1, 3600) * SECOND);
                case "--dir" -> directory = arguments.path(word);
                case "--socket" -> socket = arguments.path(word);
                default -> throw new UsageException("unknown word \"" + word + "\"");
            }
        }
        if (check && (quick || socket != null)) {
            throw new UsageException("--check compares with floors: it goes with neither --quick nor --socket");
        }
        if (destructive && socket == null) {
            throw new UsageException("--destructive says what may be done to the disk at --socket, which is missing");
        }
        if (workloads.isEmpty()) {
            workloads = EnumSet.allOf(Workload.class);
        }
        return quick
                ? new BenchOptions(false, json, 1, workloads, QUICK_RUN, QUICK_IMAGE_BYTES, directory, socket,
                        destructive)
                : new BenchOptions(check, json, pairs, workloads, new LoadRun(WARM_UP_NANOS, measureNanos), IMAGE_BYTES,
                        directory, socket, destructive);
    }

    private static Workload workload(String key) throws UsageException {
        return Arrays.stream(Workload.values())
                .filter(workload -> workload.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new UsageException("--only " + key + ": expected one of " + keys()));
    }

    private static String keys() {
        return Arrays.stream(Workload.values()).map(Workload::key).collect(Collectors.joining(", "));
    }
}
