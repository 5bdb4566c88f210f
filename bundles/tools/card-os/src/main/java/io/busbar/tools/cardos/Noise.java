package io.busbar.tools.cardos;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Bytes that look random and can be told again: each 8 of a disk follow from a seed and from where they are, so that neither order nor
 * place of a write can be mistaken.
 */
final class Noise {

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** The constants of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
    private static final long GAMMA = 0x9e3779b97f4a7c15L;
    private static final long FIRST = 0xbf58476d1ce4e5b9L;
    private static final long SECOND = 0x94d049bb133111ebL;

    private final long seed;

    Noise(long seed) {
        this.seed = seed;
    }

    private long word(long offset) {
        long value = (seed << Integer.SIZE) + (offset / Long.BYTES + 1) * GAMMA;
        value = (value ^ value >>> 30) * FIRST;
        value = (value ^ value >>> 27) * SECOND;
        return value ^ value >>> 31;
    }

    /**
     * Fills memory.
     *
     * @param offset of its first byte on the disk, a multiple of 8
     * @param target a multiple of 8 bytes
     */
    void fill(long offset, MemorySegment target) {
        for (long i = 0; i < target.byteSize(); i += Long.BYTES) {
            target.set(WORD, i, word(offset + i));
        }
    }

    /**
     * Compares.
     *
     * @param offset of the first byte on the disk, a multiple of 8
     * @param bytes  what was read, a multiple of 8 bytes
     * @return the offset on the disk of the first 8 bytes that are others; -1 if there are none
     */
    long mismatch(long offset, MemorySegment bytes) {
        for (long i = 0; i < bytes.byteSize(); i += Long.BYTES) {
            if (bytes.get(WORD, i) != word(offset + i)) {
                return offset + i;
            }
        }
        return -1;
    }
}
