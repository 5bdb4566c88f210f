package io.busbar.tools.bench;

import java.util.Arrays;

/** Figures of a series of measurements. */
public final class Statistics {

    private Statistics() {
    }

    /**
     * Returns the median: the middle of the sorted values, or the mean of the two in the middle.
     *
     * @param values at least one, in any order; left as they are
     * @return the median
     * @throws IllegalArgumentException if there is no value
     */
    public static double median(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("the median of no values: expected one or more");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /**
     * Returns the quotients of two series, pair by pair.
     *
     * @param over  dividends
     * @param under divisors, as many
     * @return quotients
     */
    public static double[] ratios(double[] over, double[] under) {
        if (over.length != under.length) {
            throw new IllegalArgumentException(over.length + " values over " + under.length + ": expected as many");
        }
        double[] ratios = new double[over.length];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = over[i] / under[i];
        }
        return ratios;
    }
}
