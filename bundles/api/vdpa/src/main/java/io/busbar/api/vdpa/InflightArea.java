package io.busbar.api.vdpa;

/**
 * A file that holds the record of requests in flight: one region per queue, each {@code size / queues} bytes.
 *
 * @param descriptor Linux file descriptor of the file
 * @param size       bytes
 * @param offset     first byte in the file
 * @param queues     number of queues, 1 to 65535
 * @param queueSize  entries of each queue, 1 to 32768
 */
public record InflightArea(int descriptor, long size, long offset, int queues, int queueSize) {}
