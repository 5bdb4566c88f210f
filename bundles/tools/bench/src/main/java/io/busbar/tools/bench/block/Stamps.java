package io.busbar.tools.bench.block;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.busbar.core.linux.Memory;
import java.lang.foreign.MemorySegment;

/**
 * Data that shows where it belongs: each sector of 512 bytes has its number and its generation in front, a word made of
 * both at its end, and a fixed pattern between. A sector from another place, an old one, a half one and one that nobody
 * wrote are all seen.
 *
 * <pre>
 *   0 number:8   8 generation:8   16 pattern:488   504 (number xor generation) times an odd constant:8
 * </pre>
 */
final class Stamps {

    static final int SECTOR = 512;

    private static final int GENERATION = 8;
    private static final int PATTERN = 16;
    private static final int END = 504;
    private static final long MIX = 0x9e3779b97f4a7c15L;

    private Stamps() {
    }

    /** Writes whole sectors. */
    static void fill(MemorySegment memory, long at, int sectors, long number, long generation) {
        for (int i = 0; i < sectors; i++) {
            long sector = at + (long) i * SECTOR;
            for (int word = PATTERN; word < END; word += Long.BYTES) {
                memory.set(JAVA_LONG_UNALIGNED, sector + word, pattern(word));
            }
        }
        stamp(memory, at, sectors, number, generation);
    }

    /** Writes number and generation into sectors that have the pattern already. */
    static void stamp(MemorySegment memory, long at, int sectors, long number, long generation) {
        for (int i = 0; i < sectors; i++) {
            long sector = at + (long) i * SECTOR;
            memory.set(JAVA_LONG_UNALIGNED, sector, number + i);
            memory.set(JAVA_LONG_UNALIGNED, sector + GENERATION, generation);
            memory.set(JAVA_LONG_UNALIGNED, sector + END, end(number + i, generation));
        }
    }

    /** Returns whether the first and last words of all sectors are as {@link #stamp} left them. */
    static boolean isStamped(MemorySegment memory, long at, int sectors, long number, long generation) {
        boolean right = true;
        for (int i = 0; i < sectors; i++) {
            long sector = at + (long) i * SECTOR;
            right &= memory.get(JAVA_LONG_UNALIGNED, sector) == number + i
                    && memory.get(JAVA_LONG_UNALIGNED, sector + GENERATION) == generation
                    && memory.get(JAVA_LONG_UNALIGNED, sector + END) == end(number + i, generation);
        }
        return right;
    }

    /** Returns whether every byte is as {@link #fill} left it. */
    static boolean isFilled(MemorySegment memory, long at, int sectors, long number, long generation) {
        for (int i = 0; i < sectors; i++) {
            for (int word = PATTERN; word < END; word += Long.BYTES) {
                if (memory.get(JAVA_LONG_UNALIGNED, at + (long) i * SECTOR + word) != pattern(word)) {
                    return false;
                }
            }
        }
        return isStamped(memory, at, sectors, number, generation);
    }

    /** The memory that addresses of requests are in. */
    static MemorySegment memory() {
        return Memory.ALL;
    }

    private static long pattern(int word) {
        return word * MIX;
    }

    private static long end(long number, long generation) {
        return (number ^ generation) * MIX;
    }
}
