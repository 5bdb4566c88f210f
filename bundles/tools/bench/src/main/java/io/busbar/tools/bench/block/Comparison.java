package io.busbar.tools.bench.block;

import io.busbar.tools.bench.Statistics;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One workload on Busbar and on its peer: of the other servers, the one with the most requests per second.
 *
 * @param workload what was done
 * @param ours     Busbar's measurements
 * @param peer     the best other server's, of the same rounds
 * @param others   of the servers that were slower than the peer
 */
record Comparison(Workload workload, Series ours, Series peer, List<Series> others) {

    /**
     * A figure of ours over the peer's, round by round.
     *
     * @param median of all rounds
     * @param least  of all rounds
     * @param most   of all rounds
     */
    record Ratio(double median, double least, double most) {
    }

    static Comparison of(Workload workload, Series ours, List<Series> candidates) {
        Series best = candidates.stream()
                .max(Comparator.comparingDouble(series -> series.median(Measurement::iops)))
                .orElseThrow();
        return new Comparison(workload, ours, best, candidates.stream().filter(series -> series != best).toList());
    }

    Ratio ratio(ToDoubleFunction<Measurement> figure) {
        double[] ratios = Statistics.ratios(ours.values(figure), peer.values(figure));
        return new Ratio(Statistics.median(ratios), Arrays.stream(ratios).min().orElseThrow(),
                Arrays.stream(ratios).max().orElseThrow());
    }

    long errors() {
        return ours.errors() + peer.errors() + others.stream().mapToLong(Series::errors).sum();
    }
}
