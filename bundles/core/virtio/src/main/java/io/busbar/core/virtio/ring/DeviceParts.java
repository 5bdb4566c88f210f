package io.busbar.core.virtio.ring;

import java.util.Optional;

/**
 * The geometry and the arrays of the device side of one split queue (virtio 1.2, 2.7): what is constant in a class that
 * was made for this queue alone.
 *
 * @param geometry   where the parts are, and what was negotiated
 * @param chains     one by head, used again and again
 * @param near       the first segments of every chain, {@link Chain#NEAR_WORDS} words by head: pairs of address in this
 *                   process and length in bytes
 * @param taken      heads of the batch that was taken last, in its order
 * @param staged     completions that are not published yet: bytes written in the upper half of a word, head in the lower
 * @param chainLimit most descriptors of a chain that goes through an indirect table
 * @param inflight   the record that survives this process, or null
 */
record DeviceParts(SplitGeometry geometry, Chain[] chains, long[] near, int[] taken, long[] staged, int chainLimit,
        InflightRegion inflight) {

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

    /** Returns whether there is a record of chains in flight; asked so, the compiler needs not know its class. */
    boolean recorded() {
        return inflight != null;
    }
}
