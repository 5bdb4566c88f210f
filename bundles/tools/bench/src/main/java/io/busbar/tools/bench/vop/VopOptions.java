package io.busbar.tools.bench.vop;

import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.block.LoadRun;
import io.busbar.tools.bench.block.Workload;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What {@code bench vop} was asked for.
 *
 * @param check     fail below a floor
 * @param json      print for programs
 * @param pairs     how often each workload is measured on each way
 * @param workloads which
 * @param run       how long
 * @param threshold {@code dmaThreshold} of the host's side, bytes
 */
record VopOptions(boolean check, boolean json, int pairs, Set<Workload> workloads, LoadRun run, int threshold) {

    static final String USAGE = """
            usage: bench vop [--check] [--json] [--only WORKLOAD]... [--pairs N] [--seconds S] [--dma-threshold BYTES] [--quick]
              --check        exit with 1 if a figure misses its floor
              --json         print one JSON object instead of tables
              --only WORKLOAD  one of %s
              --pairs N      how often each workload is measured on each way, 7 to 1000 (default 7)
              --seconds S    length of a measurement, 0.1 to 3600 (default 1)
              --dma-threshold BYTES  dmaThreshold of the host's side, 64 to 1048576 (default 1024)
              --quick        once, briefly: shows that it works, and nothing about speed
            """.formatted(keys());

    private static final int LEAST_PAIRS = 7;
    private static final double SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final LoadRun QUICK_RUN = new LoadRun(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.MILLISECONDS.toNanos(100));

    static VopOptions parse(List<String> words) throws UsageException {
        boolean check = false;
        boolean json = false;
        boolean quick = false;
        int pairs = LEAST_PAIRS;
        int threshold = 1024;
        long measureNanos = (long) SECOND;
        Set<Workload> workloads = EnumSet.noneOf(Workload.class);
        for (Arguments arguments = new Arguments(words); arguments.hasNext();) {
            String word = arguments.next();
            switch (word) {
                case "--check" -> check = true;
                case "--json" -> json = true;
                case "--quick" -> quick = true;
                case "--only" -> workloads.add(workload(arguments.value(word)));
                case "--pairs" -> pairs = arguments.whole(word, LEAST_PAIRS, 1000);
                case "--seconds" -> measureNanos = (long) (arguments.number(word, 0.1, 3600) * SECOND);
                case "--dma-threshold" -> threshold = arguments.whole(word, 64, 1 << 20);
                default -> throw new UsageException("unknown word \"" + word + "\"");
            }
        }
        if (check && quick) {
            throw new UsageException("--check compares with floors: it does not go with --quick");
        }
        Set<Workload> chosen = workloads.isEmpty() ? EnumSet.complementOf(EnumSet.of(Workload.DIRECT_READ_32)) : workloads;
        return quick
                ? new VopOptions(false, json, 1, chosen, QUICK_RUN, threshold)
                : new VopOptions(check, json, pairs, chosen, new LoadRun(WARM_UP_NANOS, measureNanos), threshold);
    }

    private static Workload workload(String key) throws UsageException {
        return Arrays.stream(Workload.values())
                .filter(workload -> !workload.direct() && workload.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new UsageException("--only " + key + ": expected one of " + keys()));
    }

    private static String keys() {
        return Arrays.stream(Workload.values()).filter(workload -> !workload.direct()).map(Workload::key)
                .collect(Collectors.joining(", "));
    }
}
