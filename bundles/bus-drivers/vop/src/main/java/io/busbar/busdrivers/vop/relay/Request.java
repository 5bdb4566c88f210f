package io.busbar.busdrivers.vop.relay;

import io.busbar.core.virtio.ring.Chain;
import java.util.Arrays;

/** A chain of the card under way; there is one object per head, filled again each time. */
final class Request {

    private static final int FEW = 4;

    final int head;
    Chain chain;

    /** Its room in the device's memory, and how much that is; 0 while it has none. */
    long offset;
    long room;

    /** Where each of its buffers is in the device's memory. */
    long[] places = new long[FEW];

    /** What the device wrote, and what of that is not on its way to the card yet. */
    long written;
    long left;

    /** Whether its last byte is copied beside what is left. */
    boolean lastByte;

    /** Whether it is the last of those that the device published with one index. */
    boolean last;

    /** How far copying has got: the buffer, whether it was begun, and how many of its bytes were given to the DMA engine. */
    int segment;
    boolean begun;
    long done;

    Request(int head) {
        this.head = head;
    }

    /** Begins with a chain that was taken. */
    void begin(Chain taken) {
        chain = taken;
        room = 0;
        rewind(0);
        if (places.length < taken.segments()) {
            places = new long[Math.max(2 * places.length, taken.segments())];
        }
    }

    /** Goes to a buffer, of which nothing is copied yet. */
    void rewind(int to) {
        segment = to;
        begun = false;
        done = 0;
    }

    /**
     * Lays the buffers out, each at the same place within the alignment as in the card's memory, and alone there, so that what is
     * read around it is nobody's.
     *
     * @param alignment of the DMA engine
     * @return bytes of all
     */
    long layOut(int alignment) {
        long at = 0;
        for (int i = 0; i < chain.segments(); i++) {
            long place = at + (CardRing.cardAddress(chain, i) & alignment - 1);
            places[i] = place;
            at = place + chain.length(i) + alignment - 1 & -alignment;
        }
        return at;
    }

    /** Gives it its room. */
    void place(long at, long bytes) {
        offset = at;
        room = bytes;
        for (int i = 0; i < chain.segments(); i++) {
            places[i] += at;
        }
    }

    @Override
    public String toString() {
        return "Request[" + chain + " at " + Arrays.toString(places) + "]";
    }
}
