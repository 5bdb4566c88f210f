package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.core.virtio.VirtioConfig;

/**
 * The geometry and the arrays of the driver side of one split queue (virtio 1.2, 2.7.13 and 2.7.14): what is constant in
 * a class that was made for this queue alone.
 *
 * @param geometry     where the parts are, and what was negotiated
 * @param next         links the free descriptors, by index
 * @param outstanding  two words by head: token, number of descriptors and last descriptor of the chain (0 when it is not
 *                     outstanding), and its writable bytes
 * @param order        heads in the order in which they were made available, a ring of as many as the queue has entries;
 *                     null without IN_ORDER
 * @param tables       address in this process of the indirect tables, one by head
 * @param tablesIova   the same as the device sees it
 * @param tableEntries descriptors of each table; 0 without INDIRECT_DESC
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
