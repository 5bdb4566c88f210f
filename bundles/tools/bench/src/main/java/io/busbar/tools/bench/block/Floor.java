package io.busbar.tools.bench.block;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What a ratio of Busbar to its peer must reach, as the median of the rounds.
 *
 * @param workload of which
 * @param figure   its name
 * @param of       its value
 * @param atLeast  whether the ratio must not be less than the bound; else it must not be more
 * @param bound    the ratio
 */
record Floor(Workload workload, String figure, ToDoubleFunction<Measurement> of, boolean atLeast, double bound) {

    static final List<Floor> ALL = List.of(
            new Floor(Workload.RANDOM_READ_1, "IOPS", Measurement::iops, true, 2.0),
            new Floor(Workload.RANDOM_READ_32, "IOPS", Measurement::iops, true, 1.6),
            new Floor(Workload.RANDOM_READ_32, "p99 latency", Measurement::p99Nanos, false, 0.8),
            new Floor(Workload.RANDOM_READ_32, "CPU per request", Measurement::cpuNanos, false, 0.8),
            new Floor(Workload.RANDOM_WRITE_32, "IOPS", Measurement::iops, true, 1.6),
            new Floor(Workload.SEQUENTIAL_READ_4, "IOPS", Measurement::iops, true, 1.05),
            new Floor(Workload.DIRECT_READ_32, "IOPS", Measurement::iops, true, 1.0));

    /** Returns a sentence if the comparison does not reach it. */
    Optional<String> failure(Comparison comparison) {
        double ratio = comparison.ratio(of).median();
        if (atLeast ? ratio >= bound : ratio <= bound) {
            return Optional.empty();
        }
        return Optional.of(String.format(Locale.ROOT, "%s: %s ratio %.3f, expected %s %.2f", workload.title(), figure,
                ratio, atLeast ? "at least" : "at most", bound));
    }
}
