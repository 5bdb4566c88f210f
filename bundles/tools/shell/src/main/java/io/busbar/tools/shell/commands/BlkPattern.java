package io.busbar.tools.shell.commands;

/**
 * Bytes that follow from a number and their place on the disk, so that what is read can be verified without the original,
 * and a sector in the wrong place is seen.
 */
final class BlkPattern {

    private static final int WORD = Long.BYTES;
    /** Of SplitMix64: the golden ratio, and two multipliers that mix all bits. */
    private static final long GAMMA = 0x9e3779b97f4a7c15L;
    private static final long MIX_1 = 0xbf58476d1ce4e5b9L;
    private static final long MIX_2 = 0x94d049bb133111ebL;

    private BlkPattern() {
    }

    /**
     * Fills bytes.
     *
     * @param seed   the number
     * @param offset of the first on the disk
     * @param target filled as a whole
     */
    static void fill(long seed, long offset, byte[] target) {
        for (int i = 0; i < target.length; i++) {
            long place = offset + i;
            target[i] = (byte) (word(seed, place / WORD) >>> 8 * (place % WORD));
        }
    }

    private static long word(long seed, long number) {
        long z = seed + (number + 1) * GAMMA;
        z = (z ^ z >>> 30) * MIX_1;
        z = (z ^ z >>> 27) * MIX_2;
        return z ^ z >>> 31;
    }
}
