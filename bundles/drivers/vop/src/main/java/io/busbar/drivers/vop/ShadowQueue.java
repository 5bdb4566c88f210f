package io.busbar.drivers.vop;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;
import io.busbar.core.virtio.vop.VqConfig;
import java.util.Arrays;

/**
 * One queue, between two rings: this is the device of the driver's, and the driver of the host's. A chain that is taken from the
 * one is added to the other with its addresses on the link, under its head as token; when the host has used it, it is
 * completed with the length that the host says.
 *
 * <p>The host's ring has up to {@value VqConfig#MAX_ENTRIES} descriptors and no indirect tables, the driver's may be larger and
 * have them: a chain that finds too few free descriptors is put back, and taken again when the host has used others.
 *
 * <p>On the lane, but for the volatile fields, which others read, and {@link #callback}. A turn allocates nothing.
 */
final class ShadowQueue {

    /** Chains that are taken at a time. */
    private static final int BATCH = 64;
    /** In each of them no more is moved than both rings hold. */
    private static final int MOST_ROUNDS = 4;

    /** Told what breaks a queue, on the lane. */
    @FunctionalInterface
    interface Breakage {
        void broken(Reason reason, String sentence);
    }

    private final int index;
    private final Breakage breakage;
    private final long[] addresses = new long[VqConfig.MAX_ENTRIES];
    private final int[] lengths = new int[VqConfig.MAX_ENTRIES];

    private DeviceRing ring;
    private DriverRing hostRing;
    private int hostSize;
    private RingTraffic traffic;
    private LinkTable table = LinkTable.EMPTY;
    /** Chains that the host has, by head. */
    private Chain[] inFlight = new Chain[0];
    /** The region of the table that was found last. */
    private int guess;
    /** Of the chain that was translated last: how many of its pieces are for the host to read. */
    private int readablePieces;
    /** How many chains of {@link #inFlight} have such pieces. */
    private int readable;
    /** Chains are taken from the driver. */
    private boolean taking;
    /** The next chain finds no room. */
    private boolean full;
    /** Used elements were taken since calls were asked for. */
    private boolean disarmed;
    private boolean broken;
    /** The last turn ended with work left. */
    private boolean more;

    private volatile VqCallback callback;
    /** Chains that the host has and that have something for it to read: these end by themselves, unless the queue is broken. */
    private volatile int requests;
    private volatile int outstanding;
    private volatile long passed;
    private volatile long used;
    private volatile long calls;
    private volatile long faults;

    ShadowQueue(int index, Breakage breakage) {
        this.index = index;
        this.breakage = breakage;
    }

    /** Sets who is told of used buffers. Any thread. */
    void callback(VqCallback next) {
        callback = next;
    }

    int requests() {
        return requests;
    }

    int outstanding() {
        return outstanding;
    }

    long passed() {
        return passed;
    }

    long used() {
        return used;
    }

    long calls() {
        return calls;
    }

    long faults() {
        return faults;
    }

    // Steps

    /**
     * The host has this ring from now on, until {@link #hostIsDown}.
     *
     * @param fresh   its ring
     * @param size    entries of that
     * @param counted what is written to it
     * @param memory  the driver's, as the host reaches it
     */
    void hostIsUp(DriverRing fresh, int size, RingTraffic counted, LinkTable memory) {
        hostRing = fresh;
        hostSize = size;
        traffic = counted;
        table = memory;
        guess = 0;
        disarmed = true;
        full = false;
    }

    /**
     * Begins.
     *
     * @param driverRing the driver's ring
     * @param memory     its memory, as the host reaches it
     */
    void begin(DeviceRing driverRing, LinkTable memory) {
        ring = driverRing;
        table = memory;
        guess = 0;
        inFlight = new Chain[driverRing.size()];
        taking = true;
        full = false;
        broken = false;
    }

    boolean begun() {
        return ring != null;
    }

    /** Takes nothing more of the driver's, or does again. */
    void taking(boolean wanted) {
        taking = wanted && ring != null && !broken;
    }

    /**
     * The host was reset: what it had goes back to the driver's ring, as if it had never been taken. What cannot, as a later chain
     * was used before it, ends with no byte written.
     */
    void hostIsDown() {
        hostRing = null;
        if (ring != null) {
            boolean back = true;
            for (Chain chain : ring.inFlight().reversed()) {
                back = back && putBack(chain);
                if (!back) {
                    ring.complete(chain, 0);
                }
            }
            tell();
        }
        forgetInFlight();
    }

    private boolean putBack(Chain chain) {
        try {
            ring.putBack(chain);
            return true;
        } catch (IllegalStateException notTheLast) {
            return false;
        }
    }

    private void forgetInFlight() {
        Arrays.fill(inFlight, null);
        readable = 0;
        requests = 0;
        outstanding = 0;
    }

    /**
     * Ends: the driver's ring is not touched any more. The host has nothing of it.
     *
     * @return the next entry of the available ring
     */
    int end() {
        int next = ring.nextAvail();
        ring = null;
        taking = false;
        return next;
    }

    /** Lets go of both rings; the host is reset next. */
    void drop() {
        ring = null;
        hostRing = null;
        taking = false;
        forgetInFlight();
    }

    // A turn

    /**
     * Relays in both directions until there is nothing more to do, and asks to be woken for what comes; but not for longer than others
     * can wait: {@link #more} says whether it has to be called again.
     *
     * @return whether the host is to be told of new chains
     */
    boolean turn() {
        more = false;
        if (ring == null || hostRing == null || broken) {
            return false;
        }
        boolean kick = false;
        try {
            int rounds = 0;
            do {
                relayUsed();
                kick |= relayAvailable();
                more = !broken && (asksHost() | asksDriver());
            } while (more && ++rounds < MOST_ROUNDS);
        } catch (InternalError gone) {
            broke(Reason.DEVICE_NEEDS_RESET, "the memory of a ring is gone");
        }
        traffic.tell();
        return kick;
    }

    /** Returns whether the last turn has left something to do. */
    boolean more() {
        return more;
    }

    private void relayUsed() {
        int ended = 0;
        int token = hostRing.poll();
        while (token >= 0) {
            Chain chain = inFlight[token];
            inFlight[token] = null;
            if (chain.readableSegments() > 0) {
                readable--;
            }
            ring.complete(chain, hostRing.usedLength());
            ended++;
            token = hostRing.poll();
        }
        if (ended > 0) {
            disarmed = true;
            full = false;
            used += ended;
            count();
            tell();
        }
        if (token != DriverRing.EMPTY) {
            broke(Reason.PROTOCOL_VIOLATION, "the host broke its ring: " + RingFault.describe(token));
        }
    }

    /** Publishes what was completed, and calls the driver if it wants that. */
    private void tell() {
        if (ring.publish() > 0 && ring.callNeeded()) {
            VqCallback told = callback;
            if (told != null) {
                calls++;
                told.called();
            }
        }
    }

    private boolean relayAvailable() {
        int added = 0;
        int count = 1;
        int budget = 2 * hostSize;
        while (taking && !full && count > 0 && budget > 0) {
            count = ring.take(Math.min(BATCH, hostRing.free()));
            budget -= count;
            if (count < 0) {
                broke(Reason.DEVICE_NEEDS_RESET, RingFault.describe(count));
            }
            for (int i = 0; i < count && taking && !full; i++) {
                int pieces = translate(ring.taken(i));
                if (pieces > hostRing.free()) {
                    full = true;
                    putBackFrom(i, count);
                } else if (pieces > 0) {
                    add(ring.taken(i), pieces);
                    added++;
                } else if (pieces == 0) {
                    ring.complete(ring.taken(i), 0);
                    tell();
                }
            }
            full |= hostRing.free() == 0;
        }
        if (added == 0) {
            return false;
        }
        passed += added;
        hostRing.publish();
        traffic.published();
        count();
        return hostRing.kickNeeded();
    }

    private void putBackFrom(int first, int count) {
        for (int i = count - 1; i >= first; i--) {
            ring.putBack(ring.taken(i));
        }
    }

    private void add(Chain chain, int pieces) {
        hostRing.add(addresses, lengths, readablePieces, pieces - readablePieces, chain.head());
        traffic.added(pieces);
        inFlight[chain.head()] = chain;
        if (readablePieces > 0) {
            readable++;
        }
    }

    /** Finds a chain's addresses on the link; returns how many pieces it has there, or -1 if it breaks the queue. */
    private int translate(Chain chain) {
        if (chain.fault() != RingFault.NONE) {
            faults++;
            broke(Reason.DEVICE_NEEDS_RESET, RingFault.describe(chain.fault()));
            return -1;
        }
        int pieces = 0;
        readablePieces = 0;
        for (int segment = 0; segment < chain.segments(); segment++) {
            long at = chain.address(segment);
            long rest = chain.length(segment);
            while (rest > 0) {
                int region = table.find(at, guess);
                if (region < 0 || pieces == hostSize) {
                    broke(Reason.DEVICE_NEEDS_RESET, region < 0 ? "a buffer is in memory that the host does not reach"
                            : "a chain of more than " + hostSize + " buffers: expected up to what the host's ring has");
                    return -1;
                }
                guess = region;
                long piece = Math.min(rest, table.rest(region, at));
                addresses[pieces] = table.peerAddress(region, at);
                lengths[pieces++] = (int) piece;
                at += piece;
                rest -= piece;
            }
            if (segment < chain.readableSegments()) {
                readablePieces = pieces;
            }
        }
        return pieces;
    }

    private void count() {
        requests = broken ? 0 : readable;
        outstanding = hostRing.outstanding();
    }

    /** Has the host call for what it uses from now on; returns whether it has used something meanwhile. */
    private boolean asksHost() {
        if (!disarmed) {
            return false;
        }
        disarmed = false;
        traffic.asked();
        return hostRing.enableCalls();
    }

    /** Has the driver kick for what it makes available from now on; while there is no room for more, it need not. */
    private boolean asksDriver() {
        return taking && !full && ring.enableKicks();
    }

    private void broke(Reason reason, String sentence) {
        broken = true;
        taking = false;
        requests = 0;
        breakage.broken(reason, "queue " + index + ": " + sentence);
    }
}
