package io.busbar.tools.bench.block;

import io.busbar.tools.bench.Statistics;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * All measurements of one workload on one server, in the order of the rounds.
 *
 * @param server who served
 * @param runs   one per round
 */
record Series(String server, List<Measurement> runs) {

    double median(ToDoubleFunction<Measurement> figure) {
        return Statistics.median(values(figure));
    }

    double[] values(ToDoubleFunction<Measurement> figure) {
        return runs.stream().mapToDouble(figure).toArray();
    }

    long errors() {
        return runs.stream().mapToLong(Measurement::errors).sum();
    }
}
