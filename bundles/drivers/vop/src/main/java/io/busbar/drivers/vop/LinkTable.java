package io.busbar.drivers.vop;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the driver's memory is on the link: an immutable table, by address in this process. The host reaches each region from
 * when the table is made until it is closed.
 */
final class LinkTable {

    /** Nothing is reached. */
    static final LinkTable EMPTY = new LinkTable(List.of());

    /**
     * A region that the host reaches.
     *
     * @param region the driver's
     * @param memory the same on the link
     */
    private record Shared(MemoryRegion region, OwnMemory memory) {

        boolean isFor(MemoryRegion other) {
            return region.segment().address() == other.segment().address() && region.size() == other.size()
                    && region.writable() == other.writable() && region.descriptor() == other.descriptor();
        }
    }

    private final List<Shared> shared;
    private final long[] from;
    private final long[] size;
    private final long[] delta;

    private LinkTable(List<Shared> shared) {
        this.shared = shared;
        int count = shared.size();
        from = new long[count];
        size = new long[count];
        delta = new long[count];
        for (int i = 0; i < count; i++) {
            from[i] = shared.get(i).region.segment().address();
            size[i] = shared.get(i).region.size();
            delta[i] = shared.get(i).memory.peerAddress() - from[i];
        }
    }

    /**
     * Has the host reach a driver's memory, and no other of it any more. Regions that stay are reached all the time.
     *
     * @param ops    of the link
     * @param memory the driver's memory
     * @param before the table until now; if the call returns it is closed
     * @throws VopException if the link has no room for it: then nothing has changed
     */
    static LinkTable of(VopHardwareOps ops, DriverMemory memory, LinkTable before) throws VopException {
        List<Shared> next = new ArrayList<>();
        List<Shared> fresh = new ArrayList<>();
        List<Shared> left = new ArrayList<>(before.shared);
        try {
            for (MemoryRegion region : memory.regions()) {
                Shared kept = left.stream().filter(shared -> shared.isFor(region)).findFirst().orElse(null);
                if (kept == null) {
                    fresh.add(new Shared(region, ops.attach(region)));
                    next.add(fresh.getLast());
                } else {
                    left.remove(kept);
                    next.add(kept);
                }
            }
        } catch (VopException refused) {
            fresh.forEach(shared -> shared.memory.close());
            throw refused;
        }
        left.forEach(shared -> shared.memory.close());
        return new LinkTable(List.copyOf(next));
    }

    /** Nobody reaches it over the link any more when the call returns. */
    void close() {
        shared.forEach(one -> one.memory.close());
    }

    /**
     * Finds the region of an address.
     *
     * @param address in this process
     * @param guess   the one that was found last
     * @return its index, or -1
     */
    int find(long address, int guess) {
        if (guess < from.length && address - from[guess] >= 0 && address - from[guess] < size[guess]) {
            return guess;
        }
        for (int i = 0; i < from.length; i++) {
            if (address - from[i] >= 0 && address - from[i] < size[i]) {
                return i;
            }
        }
        return -1;
    }

    /** Returns how many bytes of a region follow an address in it. */
    long rest(int index, long address) {
        return size[index] - (address - from[index]);
    }

    /** Returns an address of a region as the host sees it. */
    long peerAddress(int index, long address) {
        return address + delta[index];
    }
}
