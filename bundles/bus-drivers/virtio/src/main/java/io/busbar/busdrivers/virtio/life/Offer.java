package io.busbar.busdrivers.virtio.life;

import io.busbar.core.virtio.VirtioConfig;

/**
 * A device as its driver finds it once the features are settled.
 *
 * @param device       its name
 * @param features     settled
 * @param config       the configuration
 * @param queues       number of queues
 * @param maxQueueSize the largest size of a queue, a power of two
 */
public record Offer(String device, long features, DeviceConfig config, int queues, int maxQueueSize) {

    /**
     * Tells whether a feature was settled.
     *
     * @param feature bit number
     */
    public boolean has(int feature) {
        return VirtioConfig.has(features, feature);
    }
}
