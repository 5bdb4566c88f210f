package io.busbar.busdrivers.vop.relay;

/** Room for requests: pieces of any length, given back in any order. Allocates nothing after it was made. */
final class Space {

    /** Bytes in which room is counted. */
    static final int UNIT = 1024;

    private static final int WORD_SHIFT = 6;

    private final long[] taken;
    private final int units;
    private int next;

    /**
     * Makes room.
     *
     * @param bytes a multiple of {@link #UNIT}
     */
    Space(long bytes) {
        units = Math.toIntExact(bytes / UNIT);
        taken = new long[units + Long.SIZE - 1 >> WORD_SHIFT];
    }

    /** Returns all of it, bytes. */
    long bytes() {
        return (long) units * UNIT;
    }

    /**
     * Takes a piece.
     *
     * @param bytes 1 to {@link #bytes()}
     * @return its offset, a multiple of {@link #UNIT}; -1 if there is no such piece now
     */
    long take(long bytes) {
        int wanted = unitsOf(bytes);
        int at = find(next, units, wanted);
        if (at < 0) {
            at = find(0, Math.min(units, next + wanted - 1), wanted);
        }
        if (at < 0) {
            return -1;
        }
        mark(at, wanted, true);
        next = at + wanted == units ? 0 : at + wanted;
        return (long) at * UNIT;
    }

    /**
     * Gives a piece back.
     *
     * @param offset as it was taken
     * @param bytes  as it was taken
     */
    void give(long offset, long bytes) {
        mark((int) (offset / UNIT), unitsOf(bytes), false);
    }

    private static int unitsOf(long bytes) {
        return (int) ((bytes + UNIT - 1) / UNIT);
    }

    /** Returns where so many free units follow each other, all between two places; -1 for nowhere. */
    private int find(int from, int to, int wanted) {
        int start = free(from, to);
        while (start + wanted <= to) {
            int end = taken(start, start + wanted);
            if (end == start + wanted) {
                return start;
            }
            start = free(end, to);
        }
        return -1;
    }

    /** Returns the first free unit at or after a place, or the end. */
    private int free(int from, int to) {
        int at = from;
        while (at < to) {
            long word = ~taken[at >> WORD_SHIFT] >>> at;
            if (word != 0) {
                return Math.min(to, at + Long.numberOfTrailingZeros(word));
            }
            at = (at >> WORD_SHIFT) + 1 << WORD_SHIFT;
        }
        return to;
    }

    /** Returns the first unit that is taken at or after a place, or the end. */
    private int taken(int from, int to) {
        int at = from;
        while (at < to) {
            long word = taken[at >> WORD_SHIFT] >>> at;
            if (word != 0) {
                return Math.min(to, at + Long.numberOfTrailingZeros(word));
            }
            at = (at >> WORD_SHIFT) + 1 << WORD_SHIFT;
        }
        return to;
    }

    private void mark(int from, int count, boolean take) {
        int at = from;
        int end = from + count;
        while (at < end) {
            int stop = Math.min(end, (at >> WORD_SHIFT) + 1 << WORD_SHIFT);
            long bits = (-1L >>> Long.SIZE - (stop - at)) << at;
            if (take) {
                taken[at >> WORD_SHIFT] |= bits;
            } else {
                taken[at >> WORD_SHIFT] &= ~bits;
            }
            at = stop;
        }
    }
}
