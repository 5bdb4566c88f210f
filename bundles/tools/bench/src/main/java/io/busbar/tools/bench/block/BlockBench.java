package io.busbar.tools.bench.block;

import io.busbar.tools.bench.Json;
import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.server.BusbarServer;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * {@code bench block}: the same load on Busbar and on QEMU's storage daemon, alternating; or on one device that runs
 * already.
 */
public final class BlockBench {

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private BlockBench() {
    }

    /**
     * Runs it. Blocks for minutes.
     *
     * @param args the words after {@code bench block}
     * @param out  for the result
     * @param err  for progress and errors
     * @return the exit status: 0; 1 if something failed, data was wrong, or {@code --check} found a ratio below its
     *         floor; 2 for a wrong command line
     */
    public static int run(List<String> args, PrintStream out, PrintStream err) {
        if (args.contains("--help")) {
            out.print(BenchOptions.USAGE);
            return OK;
        }
        try {
            BenchOptions options = BenchOptions.parse(args);
            return options.socket() == null ? compare(options, out, err) : drive(options, out, err);
        } catch (UsageException e) {
            err.println("bench block: " + e.getMessage());
            err.print(BenchOptions.USAGE);
            return USAGE;
        } catch (IOException e) {
            err.println("bench block: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("bench block: interrupted");
            return FAILED;
        }
    }

    private static int compare(BenchOptions options, PrintStream out, PrintStream err)
            throws IOException, InterruptedException {
        StorageDaemon.require();
        warnIfBusy(err);
        List<Comparison> comparisons;
        try (Contest contest = Contest.prepare(options, new Busbar(BusbarServer.home()), err)) {
            comparisons = contest.run();
        }
        List<String> failures = new ArrayList<>();
        for (Comparison comparison : comparisons) {
            if (comparison.errors() > 0) {
                failures.add(comparison.workload().title() + ": " + comparison.errors() + " errors, expected none");
            }
        }
        if (options.check()) {
            failures.addAll(belowFloor(comparisons));
        }
        if (options.json()) {
            out.println(Report.json(comparisons, options.pairs(), failures));
        } else {
            Report.table(comparisons, out);
        }
        failures.forEach(failure -> err.println("bench block: " + failure));
        return failures.isEmpty() ? OK : FAILED;
    }

    /** Waking an idle processor is most of the latency at depth 1; on a busy machine there is none, for nobody. */
    private static void warnIfBusy(PrintStream err) {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        int processors = Runtime.getRuntime().availableProcessors();
        if (load > processors / 2.0) {
            err.println(String.format(Locale.ROOT, "note: the machine is busy (load %.1f on %d processors): ratios will "
                    + "vary, and those at depth 1 are not those of a quiet machine", load, processors));
        }
    }

    static List<String> belowFloor(List<Comparison> comparisons) {
        return Floor.ALL.stream()
                .flatMap(floor -> comparisons.stream()
                        .filter(comparison -> comparison.workload() == floor.workload())
                        .map(floor::failure)
                        .flatMap(Optional::stream))
                .toList();
    }

    private static int drive(BenchOptions options, PrintStream out, PrintStream err) throws IOException {
        DiskContent content = new DiskContent(blocks(options));
        if (options.destructive()) {
            err.println("writing " + content.blocks() * (long) Workload.BLOCK + " bytes");
            ReadBack.write(options.socket(), content);
        }
        List<Map<String, Object>> trees = new ArrayList<>();
        long errors = 0;
        for (Workload workload : options.workloads()) {
            if (workload.direct() || workload.writes() && !options.destructive()) {
                continue;
            }
            err.println(workload.title());
            Measurement measurement = options.run().measure(options.socket(), workload, content,
                    options.destructive(), ThreadLocalRandom.current().nextLong());
            Series series = new Series(workload.title(), List.of(measurement));
            errors += series.errors();
            Map<String, Object> tree = new LinkedHashMap<>(Report.tree(series));
            tree.put("server", options.socket().toString());
            tree.put("workload", workload.key());
            trees.add(tree);
            if (!options.json()) {
                if (trees.size() == 1) {
                    Report.heading(out);
                }
                Report.line(series, out);
            }
        }
        if (options.destructive()) {
            errors += ReadBack.differences(options.socket(), content);
        }
        if (options.json()) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("bench", "block");
            all.put("workloads", trees);
            all.put("errors", errors);
            out.println(Json.text(all));
        }
        if (errors > 0) {
            err.println("bench block: " + errors + " errors, expected none");
        }
        return errors > 0 ? FAILED : OK;
    }

    /** As much of the disk as is used: no more than the image of a comparison has. */
    private static int blocks(BenchOptions options) throws IOException {
        try (BlockDevice device = BlockDevice.open(options.socket(), 1, Workload.BLOCK)) {
            long bytes = Math.min(options.imageBytes(), device.config().bytes());
            int least = 2 * Workload.SEQUENTIAL_READ_4.bytes() * Workload.SEQUENTIAL_READ_4.depth();
            if (bytes < least || device.config().blockSize() > Workload.BLOCK) {
                throw new IOException("the disk at " + options.socket() + " has " + device.config().bytes()
                        + " bytes in blocks of " + device.config().blockSize() + ": expected at least " + least
                        + " bytes in blocks of up to " + Workload.BLOCK);
            }
            return (int) (bytes / Workload.BLOCK);
        }
    }
}
