package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.core.virtio.VirtioConfig;

/**
 * The geometry and the arrays of the driver side of one split queue. By descriptor index: {@code next} links the free
 * ones and those of a chain. By head: {@code last} descriptor, {@code count} of descriptors (0 when not outstanding),
 * {@code writable} bytes, {@code tokens}.
 */
record DriverParts(SplitGeometry geometry, int[] next, int[] last, int[] count, long[] writable, int[] tokens,
        int[] order, long tables, long tablesIova, int tableEntries) {

    static DriverParts of(DriverRingConfig config) {
        int size = config.size();
        int[] next = new int[size];
        for (int i = 0; i < size; i++) {
            next[i] = i + 1 & size - 1;
        }
        boolean indirect = VirtioConfig.has(config.features(), VIRTIO_RING_F_INDIRECT_DESC);
        SplitGeometry geometry = SplitGeometry.of(config.addresses(), size, config.features());
        return new DriverParts(geometry, next, new int[size], new int[size], new long[size], new int[size],
                geometry.inOrder() ? new int[size] : null, config.tables(), config.tablesIova(),
                indirect ? config.tableEntries() : 0);
    }
}
