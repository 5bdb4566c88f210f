package io.busbar.tools.bench.net;

import io.busbar.tools.bench.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Rates of one size of frames, pair by pair.
 *
 * @param size of the frames
 * @param ours frames per second of our device
 * @param peer frames per second of DPDK's, in the same rounds
 */
record NetResult(FrameSize size, double[] ours, double[] peer) {

    private static final double MEGA = 1e6;

    double ratio() {
        return Statistics.median(ratios());
    }

    private double[] ratios() {
        return Statistics.ratios(ours, peer);
    }

    /** Returns a sentence if the ratio is below its floor. */
    Optional<String> failure() {
        return ratio() >= size.floor()
                ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "%s bytes: %.3f of DPDK's rate, expected at least %.2f", size.key(),
                        ratio(), size.floor()));
    }

    static String heading() {
        return "  bytes of a frame   busbar, Mframes/s   MB/s   DPDK's vhost, Mframes/s   MB/s   ratio, median of pairs   min to max";
    }

    String line() {
        double[] ratios = ratios();
        return String.format(Locale.ROOT, "  %16s %19.3f %6.0f %25.3f %6.0f %24.2f   %.2f to %.2f", size.key(),
                Statistics.median(ours) / MEGA, megabytes(ours), Statistics.median(peer) / MEGA, megabytes(peer), ratio(),
                Arrays.stream(ratios).min().orElseThrow(), Arrays.stream(ratios).max().orElseThrow());
    }

    private double megabytes(double[] rates) {
        return Statistics.median(rates) * size.bytes() / MEGA;
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("bytes", size.bytes());
        tree.put("busbar_frames_per_second", Statistics.median(ours));
        tree.put("busbar_bytes_per_second", Statistics.median(ours) * size.bytes());
        tree.put("dpdk_frames_per_second", Statistics.median(peer));
        tree.put("dpdk_bytes_per_second", Statistics.median(peer) * size.bytes());
        tree.put("ratio", ratio());
        tree.put("ratios", Arrays.stream(ratios()).boxed().toList());
        tree.put("floor", size.floor());
        return tree;
    }
}
