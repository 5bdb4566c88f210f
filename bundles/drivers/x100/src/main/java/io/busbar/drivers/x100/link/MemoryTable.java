package io.busbar.drivers.x100.link;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** What one side shares, by its own addresses. Changes replace it as a whole; who looks something up takes no lock. */
final class MemoryTable {

    private volatile SharedMemory[] sorted = {};

    synchronized void add(SharedMemory memory) {
        SharedMemory[] next = Arrays.copyOf(sorted, sorted.length + 1);
        next[sorted.length] = memory;
        Arrays.sort(next, Comparator.comparingLong(SharedMemory::busAddress));
        sorted = next;
    }

    /** Returns whether it was there. */
    synchronized boolean remove(SharedMemory memory) {
        int before = sorted.length;
        sorted = Arrays.stream(sorted).filter(one -> one != memory).toArray(SharedMemory[]::new);
        return sorted.length < before;
    }

    List<SharedMemory> all() {
        return List.of(sorted);
    }

    /**
     * Looks memory up.
     *
     * @param address on the owner's side
     * @param bytes   1 and up
     * @return what holds all of it, or null
     */
    SharedMemory find(long address, long bytes) {
        SharedMemory[] table = sorted;
        int low = 0;
        int high = table.length - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            SharedMemory memory = table[middle];
            long offset = address - memory.busAddress();
            if (offset < 0) {
                high = middle - 1;
            } else if (offset >= memory.size()) {
                low = middle + 1;
            } else {
                return bytes <= memory.size() - offset ? memory : null;
            }
        }
        return null;
    }
}
