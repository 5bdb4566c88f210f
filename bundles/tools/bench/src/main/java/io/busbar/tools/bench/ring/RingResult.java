package io.busbar.tools.bench.ring;

import io.busbar.tools.bench.Statistics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One case: what all forks measured.
 *
 * @param sides  which worked
 * @param length descriptors per chain
 * @param forks  at least one
 */
record RingResult(Sides sides, int length, List<Pairs> forks) {

    /**
     * What one fork of each side measured, in pairs; nanoseconds per descriptor.
     *
     * @param java of Java
     * @param c    of C, as many
     */
    record Pairs(double[] java, double[] c) {

        /** Returns Java's rate as a part of C's, pair by pair. */
        double[] rates() {
            return Statistics.ratios(c, java);
        }
    }

    /** Returns the median of all pairs: Java's nanoseconds per descriptor. */
    double java() {
        return Statistics.median(forks.stream().flatMapToDouble(fork -> Arrays.stream(fork.java)).toArray());
    }

    /** Returns the median of all pairs: C's nanoseconds per descriptor. */
    double c() {
        return Statistics.median(forks.stream().flatMapToDouble(fork -> Arrays.stream(fork.c)).toArray());
    }

    /** Returns the median of the pairs of all forks: Java's rate as a part of C's. */
    double rate() {
        return Statistics.median(forks.stream().flatMapToDouble(fork -> Arrays.stream(fork.rates())).toArray());
    }

    /** Returns the median of the fork that had the least. */
    double least() {
        return forks.stream().mapToDouble(fork -> Statistics.median(fork.rates())).min().orElseThrow();
    }

    /** Returns the median of the fork that had the most. */
    double most() {
        return forks.stream().mapToDouble(fork -> Statistics.median(fork.rates())).max().orElseThrow();
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("sides", sides.key());
        tree.put("chain", length);
        tree.put("java_ns_per_descriptor", java());
        tree.put("c_ns_per_descriptor", c());
        tree.put("rate_to_c", rate());
        tree.put("rate_to_c_of_forks_min", least());
        tree.put("rate_to_c_of_forks_max", most());
        return tree;
    }
}
