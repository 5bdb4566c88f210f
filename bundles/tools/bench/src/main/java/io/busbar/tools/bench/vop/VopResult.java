package io.busbar.tools.bench.vop;

import io.busbar.tools.bench.Statistics;
import io.busbar.tools.bench.block.Measurement;
import io.busbar.tools.bench.block.Workload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * One workload on both ways, and what crossed the link for it.
 *
 * @param workload which
 * @param card     over the card, a run for each pair
 * @param direct   without one, in the same rounds
 * @param requests how many the counts are of
 * @param host     counts of the host's end
 * @param cardEnd  counts of the card's end
 */
record VopResult(Workload workload, List<Measurement> card, List<Measurement> direct, long requests, LinkCounts host,
        LinkCounts cardEnd) {

    /** Of the direct way's requests per second. */
    static final double FLOOR = 0.4;
    static final Workload WITH_FLOOR = Workload.RANDOM_READ_32;

    private static final double MEGA = 1e6;
    private static final double MICRO = 1e3;

    double[] ratios() {
        return Statistics.ratios(values(card, Measurement::iops), values(direct, Measurement::iops));
    }

    double ratio() {
        return Statistics.median(ratios());
    }

    private static double[] values(List<Measurement> runs, ToDoubleFunction<Measurement> figure) {
        return runs.stream().mapToDouble(figure).toArray();
    }

    private static double median(List<Measurement> runs, ToDoubleFunction<Measurement> figure) {
        return Statistics.median(values(runs, figure));
    }

    /** Returns a sentence for each floor that is missed. */
    List<String> failures() {
        List<String> failures = new ArrayList<>();
        if (workload == WITH_FLOOR && ratio() < FLOOR) {
            failures.add(String.format(Locale.ROOT, "%s: %.2f of the direct way's rate, expected at least %.2f", workload.title(),
                    ratio(), FLOOR));
        }
        addReads(failures, "host", host);
        addReads(failures, "card", cardEnd);
        return failures;
    }

    private void addReads(List<String> failures, String end, LinkCounts counts) {
        if (counts.get("reads") != 0) {
            failures.add(workload.title() + ": the " + end + " read " + counts.get("reads") + " times over the link for " + requests
                    + " requests, expected never");
        }
    }

    static String heading() {
        return "                                                     IOPS      MB/s   p50, us   p99, us   ratio, median of pairs   min to max";
    }

    List<String> lines() {
        double[] ratios = ratios();
        return List.of(line("over the card", card) + String.format(Locale.ROOT, " %24.2f   %.2f to %.2f", ratio(),
                Arrays.stream(ratios).min().orElseThrow(), Arrays.stream(ratios).max().orElseThrow()), line("direct", direct));
    }

    private String line(String way, List<Measurement> runs) {
        double iops = median(runs, Measurement::iops);
        String title = runs == card ? workload.title() : "";
        return String.format(Locale.ROOT, "  %-32s %-13s %8.0f %9.1f %9.1f %9.1f", title, way, iops, iops * workload.bytes() / MEGA,
                median(runs, Measurement::p50Nanos) / MICRO, median(runs, Measurement::p99Nanos) / MICRO);
    }

    static String linkHeading() {
        return "                                    end     posted     bytes    reads     bytes  doorbells  interrupts      DMA"
                + "     bytes  ns by the model";
    }

    List<String> linkLines() {
        return List.of(linkLine("host", workload.title(), host), linkLine("card", "", cardEnd));
    }

    private String linkLine(String end, String title, LinkCounts counts) {
        return String.format(Locale.ROOT, "  %-32s %4s %9.3f %9.1f %8.3f %9.1f %10.3f %11.3f %8.3f %9.1f %16.0f", title, end,
                counts.each("posted", requests), counts.each("posted_bytes", requests), counts.each("reads", requests),
                counts.each("read_bytes", requests), counts.each("doorbells", requests), counts.each("interrupts", requests),
                counts.each("dma", requests), counts.each("dma_bytes", requests), counts.each("nanos", requests));
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("workload", workload.key());
        tree.put("card", tree(card));
        tree.put("direct", tree(direct));
        tree.put("ratio", ratio());
        tree.put("ratios", Arrays.stream(ratios()).boxed().toList());
        tree.put("link_requests", requests);
        tree.put("host_per_request", host.tree(requests));
        tree.put("card_per_request", cardEnd.tree(requests));
        return tree;
    }

    private Map<String, Object> tree(List<Measurement> runs) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("iops", median(runs, Measurement::iops));
        tree.put("bytes_per_second", median(runs, Measurement::iops) * workload.bytes());
        tree.put("p50_us", median(runs, Measurement::p50Nanos) / MICRO);
        tree.put("p99_us", median(runs, Measurement::p99Nanos) / MICRO);
        return tree;
    }
}
