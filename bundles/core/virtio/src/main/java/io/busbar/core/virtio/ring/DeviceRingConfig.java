package io.busbar.core.virtio.ring;

import java.util.Objects;
import java.util.Optional;

/**
 * What the device side of a queue is made from.
 *
 * @param addresses  where its parts are
 * @param size       entries, a power of two, 1 to 32768
 * @param features   negotiated
 * @param nextAvail  the available index to go on from, 0 to 65535; 0 for a fresh queue
 * @param nextTicket the ticket of the next chain, 0 and up; after recovery, more than any that was recovered
 * @param chainLimit most descriptors of a chain that goes through an indirect table; at least {@code size}
 * @param inflight   the record that survives this process, or empty
 */
public record DeviceRingConfig(RingAddresses addresses, int size, long features, int nextAvail, long nextTicket,
        int chainLimit, Optional<InflightRegion> inflight) {

    /** The largest {@link #chainLimit}. */
    public static final int MAX_CHAIN = SplitLayout.MAX_SIZE;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of its range; the message has it
     */
    public DeviceRingConfig {
        Objects.requireNonNull(addresses, "addresses");
        Objects.requireNonNull(inflight, "inflight");
        if (!SplitLayout.isValidSize(size)) {
            throw new IllegalArgumentException("queue size " + size + ": expected a power of two, 1 to 32768");
        }
        if (nextAvail < 0 || nextAvail > 0xffff) {
            throw new IllegalArgumentException("available index " + nextAvail + ": expected 0 to 65535");
        }
        if (nextTicket < 0) {
            throw new IllegalArgumentException("next ticket " + nextTicket + ": expected 0 or more");
        }
        if (chainLimit < size || chainLimit > MAX_CHAIN) {
            throw new IllegalArgumentException("chain limit " + chainLimit + ": expected " + size + " to " + MAX_CHAIN);
        }
        if (inflight.isPresent() && inflight.get().size() != size) {
            throw new IllegalArgumentException("in-flight record for a queue of " + inflight.get().size()
                    + " entries: expected " + size);
        }
    }

    /**
     * Describes a fresh queue with the standard's limits and no record.
     *
     * @param addresses where its parts are
     * @param size      entries
     * @param features  negotiated
     */
    public DeviceRingConfig(RingAddresses addresses, int size, long features) {
        this(addresses, size, features, 0, 0, size, Optional.empty());
    }

    /**
     * The same, going on from a saved state.
     *
     * @param availIndex 0 to 65535
     * @return the copy
     */
    public DeviceRingConfig withNextAvail(int availIndex) {
        return new DeviceRingConfig(addresses, size, features, availIndex, nextTicket, chainLimit, inflight);
    }

    /**
     * The same, with another first ticket.
     *
     * @param ticket 0 and up
     * @return the copy
     */
    public DeviceRingConfig withNextTicket(long ticket) {
        return new DeviceRingConfig(addresses, size, features, nextAvail, ticket, chainLimit, inflight);
    }

    /**
     * The same, with longer chains through indirect tables than the standard allows (some drivers make them).
     *
     * @param descriptors {@code size} to {@link #MAX_CHAIN}
     * @return the copy
     */
    public DeviceRingConfig withChainLimit(int descriptors) {
        return new DeviceRingConfig(addresses, size, features, nextAvail, nextTicket, descriptors, inflight);
    }

    /**
     * The same, with a record of what is in flight, kept up by the queue.
     *
     * @param region for the same queue size
     * @return the copy
     */
    public DeviceRingConfig withInflight(InflightRegion region) {
        return new DeviceRingConfig(
                addresses, size, features, nextAvail, nextTicket, chainLimit, Optional.of(region));
    }
}
