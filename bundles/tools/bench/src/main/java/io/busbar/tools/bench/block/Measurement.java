package io.busbar.tools.bench.block;

/**
 * What one run showed.
 *
 * @param iops       requests per second
 * @param p50Nanos   median latency
 * @param p99Nanos   latency that 99 % of the requests did not exceed
 * @param cpuNanos   CPU time of the device's process per request
 * @param errors     requests that failed or brought wrong data, warm-up included
 */
public record Measurement(double iops, double p50Nanos, double p99Nanos, double cpuNanos, long errors) {
}
