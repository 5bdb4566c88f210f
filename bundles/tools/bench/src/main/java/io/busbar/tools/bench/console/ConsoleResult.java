package io.busbar.tools.bench.console;

import io.busbar.tools.bench.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Rates of one direction, pair by pair.
 *
 * @param direction which
 * @param console   bytes per second through hvc0
 * @param pipe      bytes per second through a pipe, in the same rounds
 */
record ConsoleResult(Direction direction, double[] console, double[] pipe) {

    private static final double MEGA = 1e6;

    double ratio() {
        return Statistics.median(ratios());
    }

    private double[] ratios() {
        return Statistics.ratios(console, pipe);
    }

    /** Returns a sentence if the ratio is below its floor. */
    Optional<String> failure() {
        return ratio() >= direction.floor()
                ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "%s: %.4f of a pipe's rate, expected at least %.4f", direction.title(),
                        ratio(), direction.floor()));
    }

    static String heading() {
        return "                    hvc0, MB/s   pipe, MB/s   ratio, median of pairs   min to max";
    }

    String line() {
        double[] ratios = ratios();
        return String.format(Locale.ROOT, "  %-16s %11.1f %12.1f %24.4f   %.4f to %.4f", direction.title(),
                Statistics.median(console) / MEGA, Statistics.median(pipe) / MEGA, ratio(),
                Arrays.stream(ratios).min().orElseThrow(), Arrays.stream(ratios).max().orElseThrow());
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("direction", direction.title());
        tree.put("hvc0_bytes_per_second", Statistics.median(console));
        tree.put("pipe_bytes_per_second", Statistics.median(pipe));
        tree.put("ratio", ratio());
        tree.put("ratios", Arrays.stream(ratios()).boxed().toList());
        tree.put("floor", direction.floor());
        return tree;
    }
}
