package io.busbar.tools.bench.net;

import io.busbar.tools.bench.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Rates of TCP from a guest to the host, pair by pair.
 *
 * @param ours bits per second through our tap
 * @param peer bits per second through QEMU's own, in the same rounds
 */
record TapResult(double[] ours, double[] peer) {

    /** What our rate must reach as a part of QEMU's. */
    private static final double FLOOR = 1.0;
    private static final double MEGA = 1e6;

    double ratio() {
        return Statistics.median(ratios());
    }

    private double[] ratios() {
        return Statistics.ratios(ours, peer);
    }

    /** Returns a sentence if the ratio is below its floor. */
    Optional<String> failure() {
        return ratio() >= FLOOR
                ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "guest to host: %.3f of the rate of QEMU's own tap, expected at least %.2f",
                        ratio(), FLOOR));
    }

    static String heading() {
        return "TCP from a guest in QEMU to the host, medians of pairs\n"
                + "                     busbar's tap, Mbit/s    QEMU's own tap, Mbit/s   ratio, median of pairs   min to max";
    }

    String line() {
        double[] ratios = ratios();
        return String.format(Locale.ROOT, "  guest to host %27.0f %25.0f %24.2f   %.2f to %.2f", Statistics.median(ours) / MEGA,
                Statistics.median(peer) / MEGA, ratio(), Arrays.stream(ratios).min().orElseThrow(),
                Arrays.stream(ratios).max().orElseThrow());
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("busbar_bits_per_second", Statistics.median(ours));
        tree.put("qemu_bits_per_second", Statistics.median(peer));
        tree.put("ratio", ratio());
        tree.put("ratios", Arrays.stream(ratios()).boxed().toList());
        tree.put("floor", FLOOR);
        return tree;
    }
}
