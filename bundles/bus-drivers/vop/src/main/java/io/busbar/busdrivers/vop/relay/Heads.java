package io.busbar.busdrivers.vop.relay;

/** Requests in order, by the heads of their chains: each is in it once at most, so that it never is too small. */
final class Heads {

    private final int[] ring;
    private int first;
    private int last;

    /**
     * Makes an empty one.
     *
     * @param size of the queue, a power of two
     */
    Heads(int size) {
        ring = new int[size];
    }

    int size() {
        return last - first;
    }

    void add(int head) {
        ring[last++ & ring.length - 1] = head;
    }

    /** Returns one of them, from the first on. */
    int get(int index) {
        return ring[first + index & ring.length - 1];
    }

    void removeFirst() {
        first++;
    }
}
