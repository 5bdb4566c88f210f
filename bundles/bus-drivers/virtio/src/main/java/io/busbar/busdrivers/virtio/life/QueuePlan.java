package io.busbar.busdrivers.virtio.life;

/**
 * A queue that a driver wants.
 *
 * @param index which
 * @param size  entries, a power of two that the device takes
 */
public record QueuePlan(int index, int size) {}
