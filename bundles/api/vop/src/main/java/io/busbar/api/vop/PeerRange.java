package io.busbar.api.vop;

/**
 * A piece of the peer's memory that can be mapped as a whole.
 *
 * @param address of its first byte, as the peer gives it
 * @param bytes   1 and up
 */
public record PeerRange(long address, long bytes) {

    /**
     * Returns whether a part of it is all in it.
     *
     * @param from   first address of the part
     * @param length bytes, 0 and up
     */
    public boolean holds(long from, long length) {
        long offset = from - address;
        return offset >= 0 && offset <= bytes && length <= bytes - offset;
    }
}
