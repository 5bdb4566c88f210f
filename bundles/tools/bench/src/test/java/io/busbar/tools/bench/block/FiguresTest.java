package io.busbar.tools.bench.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class FiguresTest {

    @Test
    void percentiles_are_within_a_64th() {
        Histogram histogram = new Histogram();
        for (int i = 1; i <= 100_000; i++) {
            histogram.record(i);
        }
        assertThat((double) histogram.percentile(50)).isEqualTo(50_000, within(50_000 / 64.0));
        assertThat((double) histogram.percentile(99)).isEqualTo(99_000, within(99_000 / 64.0));
        assertThat((double) histogram.percentile(100)).isEqualTo(100_000, within(100_000 / 64.0));
        assertThat(histogram.total()).isEqualTo(100_000);
    }

    @Test
    void every_duration_has_a_bucket_that_begins_at_or_below_it() {
        for (long value : new long[] {-1, 0, 1, 63, 64, 65, 127, 128, 1_000_000_007, Long.MAX_VALUE}) {
            Histogram histogram = new Histogram();
            histogram.record(value);
            long least = histogram.percentile(99);
            assertThat(least).isLessThanOrEqualTo(Math.max(0, value));
            assertThat((double) least).isGreaterThanOrEqualTo(Math.max(0, value) * 63.0 / 64);
        }
    }

    @Test
    void a_cleared_histogram_is_empty() {
        Histogram histogram = new Histogram();
        histogram.record(5);
        histogram.clear();
        assertThat(histogram.total()).isZero();
        assertThat(histogram.percentile(50)).isZero();
    }

    @Test
    void windows_are_steady_when_they_differ_by_a_few_percent() {
        assertThat(LoadRun.isSteady(new long[] {100, 97, 99})).isTrue();
        assertThat(LoadRun.isSteady(new long[] {100, 90, 99})).isFalse();
    }

    @Test
    void the_peer_is_the_server_with_the_most_requests_per_second() {
        Comparison comparison =
                Comparison.of(Workload.RANDOM_READ_1, series("us", 30, 20), List.of(series("a", 9, 11), series("b", 20, 10)));
        assertThat(comparison.peer().server()).isEqualTo("b");
        assertThat(comparison.others()).extracting(Series::server).containsExactly("a");
        assertThat(comparison.ratio(Measurement::iops)).isEqualTo(new Comparison.Ratio(1.75, 1.5, 2.0));
    }

    @Test
    void a_ratio_at_its_floor_is_good_enough_and_below_it_is_not() {
        Comparison at = Comparison.of(Workload.RANDOM_READ_1, series("us", 20, 20), List.of(series("a", 10, 10)));
        Comparison below = Comparison.of(Workload.RANDOM_READ_1, series("us", 19.9, 19.9), List.of(series("a", 10, 10)));

        assertThat(BlockBench.belowFloor(List.of(at))).isEmpty();
        assertThat(BlockBench.belowFloor(List.of(below))).singleElement().asString()
                .contains("depth 1").contains("1.990").contains("at least 2.00");
    }

    @Test
    void latency_and_cpu_time_have_ceilings() {
        Series ours = new Series("us", List.of(new Measurement(100, 1, 9, 9, 0)));
        Series peer = new Series("a", List.of(new Measurement(10, 1, 10, 10, 0)));

        assertThat(BlockBench.belowFloor(List.of(Comparison.of(Workload.RANDOM_READ_32, ours, List.of(peer)))))
                .hasSize(2).allMatch(sentence -> sentence.contains("0.900, expected at most 0.80"));
    }

    @Test
    void cpu_time_is_found_behind_any_name_of_a_program() {
        assertThat(ProcessCpu.nanos("42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 99 1 1 1"))
                .isEqualTo(2_000_000_000L);
    }

    @Test
    void cpu_time_of_a_process_grows_while_it_works() throws IOException {
        long self = ProcessHandle.current().pid();
        long before = ProcessCpu.nanos(self);
        long start = System.nanoTime();
        double sum = 0;
        while (ProcessCpu.nanos(self) == before && System.nanoTime() - start < 10_000_000_000L) {
            sum += ThreadLocalRandom.current().nextDouble();
        }
        assertThat(ProcessCpu.nanos(self)).as("after %s", sum).isGreaterThan(before);
    }

    @Test
    void results_are_printed_for_programs() {
        Comparison comparison =
                Comparison.of(Workload.RANDOM_READ_1, series("busbar", 20), List.of(series("a", 10), series("b", 5)));

        assertThat(Report.json(List.of(comparison), 1, List.of("too \"slow\"")))
                .startsWith("{\"bench\":\"block\",\"pairs\":1,\"workloads\":[{\"workload\":\"randread-4k-qd1\"")
                .contains("\"peer\":{\"server\":\"a\",\"iops\":10.0")
                .contains("\"iops\":{\"median\":2.0,\"min\":2.0,\"max\":2.0}")
                .endsWith("\"failures\":[\"too \\\"slow\\\"\"]}");
    }

    private static Series series(String server, double... iops) {
        return new Series(server,
                DoubleStream.of(iops).mapToObj(rate -> new Measurement(rate, 1, 1, 1, 0)).toList());
    }
}
