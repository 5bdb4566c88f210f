package io.busbar.tools.bench.block;

import io.busbar.tools.bench.Json;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Prints results, for people as tables, for programs as JSON. */
final class Report {

    private static final double MICRO = 1e3;

    private Report() {
    }

    static void table(List<Comparison> comparisons, PrintStream out) {
        for (Comparison comparison : comparisons) {
            out.println(comparison.workload().title());
            heading(out);
            line(comparison.ours(), out);
            line(comparison.peer(), out);
            comparison.others().forEach(other -> line(other, out));
            out.println(String.format(Locale.ROOT, "  %-32s %10s %9s %9s %11s", "ratio, median of pairs",
                    median(comparison, Measurement::iops), median(comparison, Measurement::p50Nanos),
                    median(comparison, Measurement::p99Nanos), median(comparison, Measurement::cpuNanos)));
            Comparison.Ratio iops = comparison.ratio(Measurement::iops);
            out.println(String.format(Locale.ROOT, "  %-32s %.2f to %.2f", "IOPS ratio, min to max", iops.least(),
                    iops.most()));
            out.println();
        }
    }

    private static String median(Comparison comparison, ToDoubleFunction<Measurement> figure) {
        return String.format(Locale.ROOT, "%.2f", comparison.ratio(figure).median());
    }

    static void heading(PrintStream out) {
        out.println(String.format(Locale.ROOT, "  %-32s %10s %9s %9s %11s %8s", "", "IOPS", "p50 us", "p99 us",
                "CPU us/req", "errors"));
    }

    static void line(Series series, PrintStream out) {
        out.println(String.format(Locale.ROOT, "  %-32s %10.0f %9.1f %9.1f %11.2f %8d", series.server(),
                series.median(Measurement::iops), series.median(Measurement::p50Nanos) / MICRO,
                series.median(Measurement::p99Nanos) / MICRO, series.median(Measurement::cpuNanos) / MICRO,
                series.errors()));
    }

    static String json(List<Comparison> comparisons, int pairs, List<String> failures) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("bench", "block");
        all.put("pairs", pairs);
        all.put("workloads", comparisons.stream().map(Report::tree).toList());
        all.put("failures", failures);
        return Json.text(all);
    }

    private static Map<String, Object> tree(Comparison comparison) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("workload", comparison.workload().key());
        tree.put("busbar", tree(comparison.ours()));
        tree.put("peer", tree(comparison.peer()));
        tree.put("others", comparison.others().stream().map(Report::tree).toList());
        Map<String, Object> ratios = new LinkedHashMap<>();
        ratios.put("iops", tree(comparison.ratio(Measurement::iops)));
        ratios.put("p50", tree(comparison.ratio(Measurement::p50Nanos)));
        ratios.put("p99", tree(comparison.ratio(Measurement::p99Nanos)));
        ratios.put("cpu_per_request", tree(comparison.ratio(Measurement::cpuNanos)));
        tree.put("ratios", ratios);
        return tree;
    }

    private static Map<String, Object> tree(Comparison.Ratio ratio) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("median", ratio.median());
        tree.put("min", ratio.least());
        tree.put("max", ratio.most());
        return tree;
    }

    static Map<String, Object> tree(Series series) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("server", series.server());
        tree.put("iops", series.median(Measurement::iops));
        tree.put("p50_us", series.median(Measurement::p50Nanos) / MICRO);
        tree.put("p99_us", series.median(Measurement::p99Nanos) / MICRO);
        tree.put("cpu_us_per_request", series.median(Measurement::cpuNanos) / MICRO);
        tree.put("errors", series.errors());
        return tree;
    }
}
