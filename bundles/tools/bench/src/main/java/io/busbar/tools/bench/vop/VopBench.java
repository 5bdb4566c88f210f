package io.busbar.tools.bench.vop;

import io.busbar.tools.bench.Json;
import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.block.Measurement;
import io.busbar.tools.bench.block.Workload;
import io.busbar.tools.bench.server.BusbarServer;
import io.busbar.tools.bench.server.TemporaryFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code bench vop}: a disk over an emulated card and the same without one, in turns; and what crossed the card's link. */
public final class VopBench {

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private VopBench() {
    }

    /**
     * Runs it. Blocks for some minutes.
     *
     * @param words the words after {@code bench vop}
     * @param out   for the result
     * @param err   for progress and errors
     * @return the exit status: 0; 1 if something failed, a byte was wrong, or {@code --check} found a figure that misses its floor;
     *         2 for a wrong command line
     */
    public static int run(List<String> words, PrintStream out, PrintStream err) {
        if (words.contains("--help")) {
            out.print(VopOptions.USAGE);
            return OK;
        }
        try {
            return measure(VopOptions.parse(words), out, err);
        } catch (UsageException e) {
            err.println("bench vop: " + e.getMessage());
            err.print(VopOptions.USAGE);
            return USAGE;
        } catch (IOException e) {
            err.println("bench vop: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("bench vop: interrupted");
            return FAILED;
        }
    }

    private static int measure(VopOptions options, PrintStream out, PrintStream err) throws IOException, InterruptedException {
        List<VopResult> results = new ArrayList<>();
        try (TemporaryFolder folder = TemporaryFolder.create();
                BusbarServer server = BusbarServer.start(BusbarServer.home(), folder.path(), CardDisks.settings(options.threshold()))) {
            CardDisks disks = CardDisks.add(server);
            for (Workload workload : options.workloads()) {
                results.add(compare(options, workload, disks, err));
            }
            disks.verify();
        }
        return report(results, options, out, err);
    }

    private static VopResult compare(VopOptions options, Workload workload, CardDisks disks, PrintStream err)
            throws IOException, InterruptedException {
        List<CardDisks.Disk> ways = List.of(disks.card(), disks.direct());
        List<List<Measurement>> runs = List.of(new ArrayList<>(), new ArrayList<>());
        for (int round = 0; round < options.pairs(); round++) {
            for (int turn = 0; turn < ways.size(); turn++) {
                int number = (round + turn) % ways.size();
                CardDisks.Disk disk = ways.get(number);
                Measurement measurement = options.run().measure(disk.socket(), workload, disk.content(), true, round + 1);
                if (measurement.errors() > 0) {
                    throw new IOException(workload.title() + ": " + measurement.errors() + " requests to " + disk.name()
                            + " failed or brought wrong data");
                }
                runs.get(number).add(measurement);
                err.println(String.format(Locale.ROOT, "%s: pair %d of %d: %s: %.0f IOPS", workload.title(), round + 1,
                        options.pairs(), disk.name(), measurement.iops()));
            }
        }
        List<String> tables = new ArrayList<>();
        CardDisks.Disk counted = disks.counted();
        long requests = options.run().count(counted.socket(), workload, counted.content(), 1, () -> tables.add(disks.link()));
        return new VopResult(workload, runs.getFirst(), runs.getLast(), requests, difference(tables, "host"),
                difference(tables, "card"));
    }

    private static LinkCounts difference(List<String> tables, String end) throws IOException {
        return LinkCounts.of(tables.getLast(), end).since(LinkCounts.of(tables.getFirst(), end));
    }

    private static int report(List<VopResult> results, VopOptions options, PrintStream out, PrintStream err) {
        List<String> failures = options.check()
                ? results.stream().flatMap(result -> result.failures().stream()).toList()
                : List.of();
        if (options.json()) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("bench", "vop");
            tree.put("pairs", options.pairs());
            tree.put("dma_threshold", options.threshold());
            tree.put("workloads", results.stream().map(VopResult::tree).toList());
            tree.put("failures", failures);
            out.println(Json.text(tree));
        } else {
            out.println("a disk in memory over a card and without one, medians of " + options.pairs() + " pairs; every byte was right");
            out.println(VopResult.heading());
            results.forEach(result -> result.lines().forEach(out::println));
            out.println();
            out.println("what crossed the link for each request, dmaThreshold " + options.threshold());
            out.println(VopResult.linkHeading());
            results.forEach(result -> result.linkLines().forEach(out::println));
        }
        failures.forEach(failure -> err.println("bench vop: " + failure));
        return failures.isEmpty() ? OK : FAILED;
    }
}
