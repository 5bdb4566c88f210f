package io.busbar.devices.net;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.devices.net.NetCounters.Counter;
import java.lang.foreign.MemorySegment;

/**
 * The driver's buffers for the frame at hand: one, or as many as it fills where buffers are merged (virtio 1.2, 5.1.6.4).
 * Either all of them are used, and appear to the driver together, or none. Only on the thread that owns the queue.
 */
final class ReceiveBuffers {

    private final NetCounters counters;
    /** The first, which most frames fill alone; not in the array, as a store there costs a check of its type. */
    private Chain first;
    private final Chain[] others = new Chain[ChainSource.MAX_OPEN - 1];
    private int count;
    private int current;
    private int used;
    private boolean broken;

    /** Whether there is room. */
    enum Reservation {
        /** There is. */
        READY,
        /** Not yet: the driver has to give more. */
        TOO_FEW,
        /** However many the driver gives, they cannot hold it. */
        NEVER
    }

    ReceiveBuffers(NetCounters counters) {
        this.counters = counters;
    }

    /** Begins a call. */
    void begin() {
        used = 0;
    }

    /** Returns how many buffers went back to the driver in this call. */
    int used() {
        return used;
    }

    /**
     * Takes buffers.
     *
     * @param source    where from; nothing of it is open
     * @param bytes     of header and frame
     * @param mergeable whether several may be used
     * @return {@link Reservation#READY}, and buffers are open; else none is
     */
    Reservation reserve(ChainSource source, long bytes, boolean mergeable) {
        count = 0;
        current = 0;
        broken = false;
        long room = 0;
        while (room < bytes) {
            if (count > 0 && !mergeable || count == ChainSource.MAX_OPEN) {
                return giveUp(source);
            }
            Chain chain = source.next();
            if (chain == null) {
                return ranOut(source);
            }
            if (count == 0 && isUseless(chain, mergeable)) {
                counters.add(Counter.RX_BAD_BUFFERS, 1);
                chain.complete(0);
                used++;
                continue;
            }
            if (count == 0) {
                first = chain;
            } else {
                others[count - 1] = chain;
            }
            count++;
            room += chain.writable().size();
        }
        return Reservation.READY;
    }

    private Chain chain(int index) {
        return index == 0 ? first : others[index - 1];
    }

    /** Without merging a buffer stays for a shorter frame; one without room for a header is for none. */
    private static boolean isUseless(Chain chain, boolean mergeable) {
        return chain.faulted() || mergeable && chain.writable().size() < NetHeaderLayout.BYTES;
    }

    private Reservation ranOut(ChainSource source) {
        if (count == 0) {
            return Reservation.TOO_FEW;
        }
        boolean all = count >= first.queueSize();
        source.putBack();
        return all ? Reservation.NEVER : Reservation.TOO_FEW;
    }

    private Reservation giveUp(ChainSource source) {
        source.putBack();
        return Reservation.NEVER;
    }

    /** Puts the header in front, with the number of buffers that the frame fills: 1 also where buffers are not merged. */
    void putHeader(NetHeader header) {
        header.setBuffers(count);
        put(header.bytes(), 0, NetHeaderLayout.BYTES);
    }

    /** Puts bytes behind those that are there. */
    void put(MemorySegment source, long offset, long length) {
        long done = 0;
        while (done < length && !broken) {
            Payload to = chain(current).writable();
            if (to.remaining() == 0) {
                current++;
                continue;
            }
            long bytes = to.copyFrom(source, offset + done, length - done);
            broken = bytes < 0;
            done += bytes;
        }
    }

    /**
     * Gives the buffers to the driver.
     *
     * @return whether it did; if the driver's memory was gone, they are put back
     */
    boolean complete(ChainSource source) {
        if (broken) {
            source.putBack();
            return false;
        }
        for (int i = 0; i < count; i++) {
            Chain chain = chain(i);
            chain.complete(chain.writable().position());
        }
        used += count;
        return true;
    }
}
