package io.busbar.tools.bench.ring;

import io.busbar.tools.bench.Json;
import io.busbar.tools.bench.UsageException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code bench ring}: nanoseconds per descriptor of the device side alone and of both sides, for chains of one, two and
 * three descriptors, against a C program of the same design.
 *
 * <p>Code is compiled a little differently in each JVM, and a shared processor is slower at times by half, for a tenth
 * of a second or for many. So several JVMs are measured, each with a C process of its own, in short turns, and the
 * result is the median of the quotients of all pairs of neighbours. Time is processor time of the working thread.
 */
public final class RingBench {

    /** What the rate of each case must reach, as a part of C's. */
    static final double FLOOR = 0.75;

    private static final int OK = 0;
    private static final int BELOW_FLOOR = 1;
    private static final int CANNOT = 2;
    private static final long MEASURE_NANOS = 10_000_000L;

    private RingBench() {
    }

    /**
     * Runs the benchmark. Blocks for about a minute.
     *
     * @param words the words after {@code bench ring}
     * @param out   for the result
     * @param err   for errors
     * @return the exit status: 0; 1 if {@code --check} found a rate below the floor; 2 if it could not be run
     */
    public static int run(List<String> words, PrintStream out, PrintStream err) {
        if (words.contains("--help")) {
            out.print(RingOptions.USAGE);
            return OK;
        }
        RingOptions options;
        try {
            options = RingOptions.parse(words);
        } catch (UsageException e) {
            err.println("bench ring: " + e.getMessage());
            err.print(RingOptions.USAGE);
            return CANNOT;
        }
        try (CTwin twin = CTwin.compile()) {
            List<RingResult> results = new ArrayList<>();
            for (Sides sides : Sides.values()) {
                results.addAll(measure(sides, twin, options));
            }
            print(results, options, out);
            return options.check() ? check(results, err) : OK;
        } catch (IOException e) {
            err.println("bench ring: " + e.getMessage());
            return CANNOT;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("bench ring: interrupted");
            return CANNOT;
        }
    }

    private static List<RingResult> measure(Sides sides, CTwin twin, RingOptions options) throws IOException {
        List<RingResult> results = new ArrayList<>();
        for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
            results.add(new RingResult(sides, length, new ArrayList<>()));
        }
        for (int i = 0; i < options.forks(); i++) {
            List<RingResult.Pairs> lengths = measureFork(sides, twin, options.pairs());
            for (RingResult result : results) {
                result.forks().add(lengths.get(result.length() - 1));
            }
        }
        return results;
    }

    /** Returns the pairs of each length, which were measured in turn, so that a slow time meets all of them. */
    private static List<RingResult.Pairs> measureFork(Sides sides, CTwin twin, int pairs) throws IOException {
        List<RingResult.Pairs> lengths = new ArrayList<>();
        for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
            lengths.add(new RingResult.Pairs(new double[pairs], new double[pairs]));
        }
        try (RingFork java = RingFork.java(sides); RingFork c = twin.start(sides)) {
            for (int i = 0; i < pairs; i++) {
                for (int length = 1; length <= RingWorkload.MAX_CHAIN; length++) {
                    measurePair(java, c, length, i, lengths.get(length - 1));
                }
            }
        }
        return lengths;
    }

    /** Measures both, as the pair of this number; who begins changes. */
    private static void measurePair(RingFork java, RingFork c, int length, int pair, RingResult.Pairs to)
            throws IOException {
        if (pair % 2 == 0) {
            to.java()[pair] = java.measure(length, MEASURE_NANOS) / length;
            to.c()[pair] = c.measure(length, MEASURE_NANOS) / length;
        } else {
            to.c()[pair] = c.measure(length, MEASURE_NANOS) / length;
            to.java()[pair] = java.measure(length, MEASURE_NANOS) / length;
        }
    }

    private static void print(List<RingResult> results, RingOptions options, PrintStream out) {
        if (options.json()) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("bench", "ring");
            tree.put("forks", options.forks());
            tree.put("pairs", options.pairs());
            tree.put("floor", FLOOR);
            tree.put("results", results.stream().map(RingResult::tree).toList());
            out.println(Json.text(tree));
            return;
        }
        out.println("split ring, 256 entries, event index; CPU ns per descriptor, medians of " + options.forks()
                + " JVMs with " + options.pairs() + " pairs each");
        out.println("sides    chain    java       C   rate to C   JVMs from to");
        for (RingResult r : results) {
            out.println(String.format(Locale.ROOT, "%-8s %5d %7.2f %7.2f %11.2f   %.2f %.2f", r.sides().key(), r.length(),
                    r.java(), r.c(), r.rate(), r.least(), r.most()));
        }
    }

    private static int check(List<RingResult> results, PrintStream err) {
        int status = OK;
        for (RingResult r : results) {
            if (r.rate() < FLOOR) {
                err.println(String.format(Locale.ROOT, "bench ring: %s, chains of %d: %.2f of C's rate, floor %.2f",
                        r.sides().key(), r.length(), r.rate(), FLOOR));
                status = BELOW_FLOOR;
            }
        }
        return status;
    }
}
