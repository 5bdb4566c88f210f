package io.busbar.busdrivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** An immutable table of the front-end's memory. It does not own its regions: two tables may share some. */
final class GuestMemory {

    static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final List<GuestRegion> regions;

    private GuestMemory(List<GuestRegion> regions) {
        this.regions = List.copyOf(regions);
    }

    static GuestMemory of(List<GuestRegion> regions) {
        return new GuestMemory(regions);
    }

    GuestMemory with(GuestRegion region) {
        List<GuestRegion> more = new ArrayList<>(regions);
        more.add(region);
        return new GuestMemory(more);
    }

    GuestMemory without(GuestRegion region) {
        return new GuestMemory(regions.stream().filter(r -> r != region).toList());
    }

    Optional<GuestRegion> find(GuestRegion.Shape shape) {
        return regions.stream().filter(region -> region.shape().sameAs(shape)).findFirst();
    }

    List<GuestRegion> regions() {
        return regions;
    }

    List<GuestRegion.Shape> shapes() {
        return regions.stream().map(GuestRegion::shape).toList();
    }

    boolean isEmpty() {
        return regions.isEmpty();
    }

    boolean shrunk() {
        return regions.stream().anyMatch(GuestRegion::shrunk);
    }

    /** What the device is given: guest addresses are its IOVAs. */
    DriverMemory driverMemory() {
        return DriverMemory.of(regions.stream().map(GuestRegion::memory).toList());
    }

    /**
     * Translates an address of the front-end's process. The range has to lie in one region.
     *
     * @param user   first address, unsigned
     * @param length bytes, 1 and up
     * @return the guest address, or empty if the range is not in a region
     */
    OptionalLong toGuest(long user, long length) {
        for (GuestRegion region : regions) {
            GuestRegion.Shape shape = region.shape();
            long distance = user - shape.user();
            if (Long.compareUnsigned(distance, shape.size()) < 0 && length <= shape.size() - distance) {
                return OptionalLong.of(shape.guest() + distance);
            }
        }
        return OptionalLong.empty();
    }
}
