package io.busbar.core.virtio.ring;

import java.util.Optional;

/**
 * The geometry and the arrays of the device side of one split queue: what is constant in a class that was made for this
 * queue alone.
 */
record DeviceParts(SplitGeometry geometry, Chain[] chains, long[] near, int[] taken,
         long[] staged, int chainLimit, InflightRegion inflight) {

    static DeviceParts of(DeviceRingConfig config) {
        int size = config.size();
        Chain[] chains = new Chain[size];
        long[] near = new long[size * Chain.NEAR_WORDS];
        for (int head = 0; head < size; head++) {
            chains[head] = new Chain(head, near);
        }
        Optional<InflightRegion> inflight = config.inflight();
        return new DeviceParts(SplitGeometry.of(config.addresses(), size, config.features()), chains, near,
                new int[size], new long[size], config.chainLimit(), inflight.orElse(null));
    }
}
