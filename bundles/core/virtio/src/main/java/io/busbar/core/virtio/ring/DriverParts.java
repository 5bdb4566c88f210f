package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.core.virtio.VirtioConfig;

/**
 * The geometry and the arrays of the driver side of one split queue. {@code next} links the free descriptors, by index.
 * {@code outstanding} has two words by head: token, number of descriptors and last descriptor of the chain (0 when not
 * outstanding), and its writable bytes. {@code order} is null without IN_ORDER.
 */
record DriverParts(SplitGeometry geometry, int[] next, long[] outstanding, int[] order, long tables, long tablesIova,
        int tableEntries) {

    static DriverParts of(DriverRingConfig config) {
        int size = config.size();
        int[] next = new int[size];
        for (int i = 0; i < size; i++) {
            next[i] = i + 1 & size - 1;
        }
        boolean indirect = VirtioConfig.has(config.features(), VIRTIO_RING_F_INDIRECT_DESC);
        SplitGeometry geometry = SplitGeometry.of(config.addresses(), size, config.features());
        return new DriverParts(geometry, next, new long[2 * size], geometry.inOrder() ? new int[size] : null,
                config.tables(), config.tablesIova(), indirect ? config.tableEntries() : 0);
    }
}
