package io.busbar.drivers.sim;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which pieces of a disk have to be copied. Any thread; wait-free.
 *
 * <p>Whoever writes marks before the write begins and again when it has ended; whoever copies takes the mark away before it reads. So a
 * piece that was read while it was written is marked afterwards.
 */
final class Dirt {

    /** Bytes of a piece. */
    static final int PIECE = 64 << 10;

    private final AtomicLongArray marks;
    private final int pieces;

    /**
     * Makes one in which all is marked.
     *
     * @param capacity bytes
     */
    Dirt(long capacity) {
        pieces = Math.toIntExact((capacity + PIECE - 1) / PIECE);
        marks = new AtomicLongArray((pieces + Long.SIZE - 1) / Long.SIZE);
        mark(0, capacity);
    }

    /** Marks what a range touches. */
    void mark(long offset, long length) {
        if (length > 0) {
            for (long piece = offset / PIECE; piece <= (offset + length - 1) / PIECE && piece < pieces; piece++) {
                long bit = 1L << piece;
                marks.getAndUpdate((int) (piece / Long.SIZE), word -> word | bit);
            }
        }
    }

    /** Returns the first marked piece from one on, or -1. */
    int next(int from) {
        for (int piece = from; piece < pieces; piece++) {
            long word = marks.get(piece / Long.SIZE) >>> piece;
            if (word != 0) {
                return piece + Long.numberOfTrailingZeros(word);
            }
            piece |= Long.SIZE - 1;
        }
        return -1;
    }

    /** Takes a piece's mark away; returns whether it had one. */
    boolean take(int piece) {
        if (piece >= pieces) {
            return false;
        }
        long bit = 1L << piece;
        return (marks.getAndUpdate(piece / Long.SIZE, word -> word & ~bit) & bit) != 0;
    }

    /** Returns how many bytes are marked, about. */
    long bytes() {
        long count = 0;
        for (int i = 0; i < marks.length(); i++) {
            count += Long.bitCount(marks.get(i));
        }
        return count * PIECE;
    }
}
