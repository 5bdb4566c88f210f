package io.busbar.api.vdpa;

/**
 * The addresses that a device can reach.
 *
 * @param first the lowest, unsigned
 * @param last  the highest, unsigned, inclusive
 */
public record IovaRange(long first, long last) {

    /** All of 64 bits. */
    public static final IovaRange ALL = new IovaRange(0, -1);
}
