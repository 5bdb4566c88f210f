package io.busbar.api.backend;

/**
 * The properties of a disk.
 *
 * @param capacity      bytes, a multiple of 512, 0 and up
 * @param readOnly      whether writes are refused
 * @param flush         whether completed writes may still be lost until a flush: a volatile cache
 * @param discard       whether {@link BlockOperation#DISCARD} is done
 * @param writeZeroes   whether {@link BlockOperation#WRITE_ZEROES} is done
 * @param alignment     bytes in which the backend works best, a power of two from 512: shown to the driver as the
 *                      physical block size
 * @param transferAlign bytes to which offset and length of each read and write must be aligned, a power of two from
 *                      512 (O_DIRECT); shown to the driver as the logical block size if the user set none
 */
public record BlockInfo(
        long capacity,
        boolean readOnly,
        boolean flush,
        boolean discard,
        boolean writeZeroes,
        int alignment,
        int transferAlign) {

    /** The unit of capacity (virtio 1.2, 5.2.4): 512 bytes. */
    public static final int SECTOR = 512;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the value that is out of its range
     */
    public BlockInfo {
        if (capacity < 0 || capacity % SECTOR != 0) {
            throw new IllegalArgumentException("capacity " + capacity + ": expected a multiple of " + SECTOR);
        }
        checkAlignment("alignment", alignment);
        checkAlignment("transferAlign", transferAlign);
    }

    private static void checkAlignment(String name, int value) {
        if (value < SECTOR || Integer.bitCount(value) != 1) {
            throw new IllegalArgumentException(name + " " + value + ": expected a power of two from " + SECTOR);
        }
    }

    /**
     * Returns a writable disk of the given size that holds writes at once, with discard and write-zeroes: memory.
     *
     * @param capacity bytes, a multiple of 512, 0 and up
     * @return the properties
     * @throws IllegalArgumentException naming a capacity that is none
     */
    public static BlockInfo ofMemory(long capacity) {
        return new BlockInfo(capacity, false, false, true, true, 4096, SECTOR);
    }
}
