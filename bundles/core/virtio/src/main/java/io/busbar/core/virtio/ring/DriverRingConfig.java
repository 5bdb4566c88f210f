package io.busbar.core.virtio.ring;

import java.util.Objects;

/**
 * What the driver side of a queue is made from. The ring memory must be zeroed.
 *
 * @param addresses     where its parts are
 * @param size          entries, a power of two, 1 to 32768
 * @param features      negotiated
 * @param tables        host address of room for indirect tables, aligned to 16, {@code size * tableEntries * 16} bytes;
 *                      0 for none
 * @param tablesIova    where the device finds that room
 * @param tableEntries  most entries of an indirect table; 0 for none, and then every chain is direct
 */
public record DriverRingConfig(
        RingAddresses addresses, int size, long features, long tables, long tablesIova, int tableEntries) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of its range; the message has it
     */
    public DriverRingConfig {
        Objects.requireNonNull(addresses, "addresses");
        if (!SplitLayout.isValidSize(size)) {
            throw new IllegalArgumentException("queue size " + size + ": expected a power of two, 1 to 32768");
        }
        if (tableEntries < 0 || tableEntries > size) {
            throw new IllegalArgumentException("indirect tables of " + tableEntries + " entries: expected 0 to " + size);
        }
        if (tableEntries > 0 && (tables <= 0 || tables >= Regions.HOST_END || tables % 16 != 0)) {
            throw new IllegalArgumentException(
                    "indirect tables at 0x" + Long.toHexString(tables) + ": expected a multiple of 16");
        }
    }

    /**
     * Describes a queue whose chains are all direct.
     *
     * @param addresses where its parts are
     * @param size      entries
     * @param features  negotiated
     */
    public DriverRingConfig(RingAddresses addresses, int size, long features) {
        this(addresses, size, features, 0, 0, 0);
    }

    /**
     * The same, with indirect tables for chains of two buffers and more; used only if INDIRECT_DESC is negotiated.
     *
     * @param host    host address of {@code size * entries * 16} bytes, aligned to 16
     * @param iova    where the device finds them
     * @param entries most entries of a table, 1 to {@code size}
     * @return the copy
     */
    public DriverRingConfig withTables(long host, long iova, int entries) {
        return new DriverRingConfig(addresses, size, features, host, iova, entries);
    }
}
