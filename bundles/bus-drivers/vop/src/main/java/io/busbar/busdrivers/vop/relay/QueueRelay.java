package io.busbar.busdrivers.vop.relay;

import io.busbar.api.vop.DmaCompletion;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;

/**
 * One queue: chains of the card's driver go to the device, and come back used. What is read is copied before the device sees a
 * chain, what was written before the card sees it used; both in order, as a queue of frames or of bytes must stay.
 *
 * <p>For the lane. Nothing is allocated after the first requests.
 */
final class QueueRelay implements AutoCloseable {

    private final String card;
    private final int index;
    private final CardRing ring;
    private final DeviceQueue device;
    private final boolean block;
    private final Mover mover;
    private final Space space;
    /** Where the room of the requests begins in the device's memory, and where the device finds that memory. */
    private final long base;
    private final long iova;
    private final Request[] requests;
    /** Read from the card, and how many of these are on their way as a whole. */
    private final Heads fetching;
    private int fetched;
    /** Written to the card, and how many of these are on their way as a whole. */
    private final Heads storing;
    private int stored;
    private final long[] addresses;
    private final int[] lengths;
    private String fault = "";
    private boolean callWanted;
    /** How many chains were taken from the card or from the device in this turn. */
    private int moved;

    /**
     * Makes it.
     *
     * @param card   name, for sentences
     * @param index  of the queue
     * @param size   entries of both rings
     * @param ring   of the card's driver
     * @param device the same queue of the device
     * @param block  whether its requests end with a status (virtio 1.2, 5.2.6)
     * @param mover  copies between them
     * @param base   where room for requests begins in the device's memory
     * @param bytes  of that room
     * @param iova   where the device finds its memory
     */
    QueueRelay(String card, int index, int size, CardRing ring, DeviceQueue device, boolean block, Mover mover, long base,
            long bytes, long iova) {
        this.card = card;
        this.index = index;
        this.ring = ring;
        this.device = device;
        this.block = block;
        this.mover = mover;
        this.base = base;
        this.iova = iova;
        space = new Space(bytes);
        requests = new Request[size];
        for (int i = 0; i < size; i++) {
            requests[i] = new Request(i);
        }
        fetching = new Heads(size);
        storing = new Heads(size);
        addresses = new long[size];
        lengths = new int[size];
    }

    DeviceQueue device() {
        return device;
    }

    /** Returns how many copies the link has not ended. */
    int inFlight() {
        return mover.inFlight();
    }

    /** Returns what broke the queue; empty if nothing did. */
    String fault() {
        return fault;
    }

    /** Returns whether the card wants a call for what was published since this was asked last. */
    boolean takeCall() {
        boolean wanted = callWanted;
        callWanted = false;
        return wanted;
    }

    /** Returns whether something waits for room in the link's engine, of whose end nobody may tell. */
    boolean waitsForEngine() {
        return mover.wasFull() && mover.inFlight() == 0;
    }

    /**
     * Does what there is to do, up to twice the queue's size of chains: a queue that never becomes empty keeps neither the others
     * waiting nor what the card says in the page.
     *
     * @return whether there may be more at once
     */
    boolean work() {
        ring.disableKicks();
        device.ring().disableCalls();
        moved = 0;
        boolean worked;
        do {
            worked = takeUsed() | store() | takeAvailable() | fetch();
        } while (worked && fault.isEmpty() && moved < 2 * requests.length);
        return fault.isEmpty() && (worked || ring.enableKicks() | device.ring().enableCalls());
    }

    // From the card to the device

    private boolean takeAvailable() {
        int count = ring.take();
        if (count < 0) {
            return broken(RingFault.describe(count));
        }
        for (int i = 0; i < count; i++) {
            Chain chain = ring.taken(i);
            if (!isGood(chain)) {
                return false;
            }
            requests[chain.head()].begin(chain);
            fetching.add(chain.head());
        }
        moved += count;
        return count > 0;
    }

    private boolean isGood(Chain chain) {
        if (chain.fault() != RingFault.NONE) {
            return broken(RingFault.describe(chain.fault()));
        }
        for (int i = 0; i < chain.segments(); i++) {
            long address = CardRing.cardAddress(chain, i);
            if (!mover.isShared(address, chain.length(i))) {
                return broken("a buffer of " + chain.length(i) + " bytes at 0x" + Long.toHexString(address)
                        + ": expected memory that " + card + " shares");
            }
        }
        return true;
    }

    private boolean fetch() {
        boolean worked = false;
        while (fetched < fetching.size() && fault.isEmpty()) {
            Request request = requests[fetching.get(fetched)];
            if (request.room == 0 && !place(request) || !mover.fetch(request)) {
                isLost();
                break;
            }
            fetched++;
            worked = true;
        }
        mover.issue();
        return submit() | worked;
    }

    /** Gives a request its room; false if it has to wait, or is too large for ever. */
    private boolean place(Request request) {
        long bytes = Math.max(1, request.layOut(mover.alignment()));
        if (bytes > space.bytes()) {
            return broken("a chain of " + bytes + " bytes: expected up to " + space.bytes() + " (setting queueBytes)");
        }
        long at = space.take(bytes);
        if (at < 0) {
            return false;
        }
        request.place(base + at, bytes);
        return true;
    }

    /** Gives the device what was read, in order. */
    private boolean submit() {
        int before = fetching.size();
        while (fetched > 0 && fault.isEmpty()) {
            Request request = requests[fetching.get(0)];
            if (mover.isPending(request) || isLost() || !add(request)) {
                break;
            }
            fetching.removeFirst();
            fetched--;
        }
        if (fetching.size() == before) {
            return false;
        }
        device.submit();
        return true;
    }

    /** Adds a request to the device's ring; false if there is no room in it. */
    private boolean add(Request request) {
        Chain chain = request.chain;
        int count = chain.segments();
        if (count == 0) {
            // A chain without a byte is nothing to the device.
            beginStore(request, 0);
            request.last = true;
            return true;
        }
        if (block && chain.writableSegments() > 0) {
            // A device that does not write it has not done the request.
            mover.setLast(request, VirtioBlk.VIRTIO_BLK_S_IOERR);
        }
        for (int i = 0; i < count; i++) {
            addresses[i] = iova + request.places[i];
            lengths[i] = chain.length(i);
        }
        int out = chain.readableSegments();
        return device.ring().add(addresses, lengths, out, count - out, request.head) == 0;
    }

    // From the device to the card

    /** What the device has published with one index stays together: the buffers of one frame (virtio 1.2, 5.1.6.4.1). */
    private boolean takeUsed() {
        DriverRing used = device.ring();
        Request request = null;
        int head = used.poll();
        for (; head >= 0; head = used.poll()) {
            request = requests[head];
            beginStore(request, used.usedLength());
            moved++;
        }
        if (head != DriverRing.EMPTY) {
            return broken("the device: " + RingFault.describe(head));
        }
        if (request != null) {
            request.last = true;
        }
        return request != null;
    }

    private void beginStore(Request request, long written) {
        request.written = written;
        request.left = written;
        request.lastByte = false;
        request.last = false;
        if (block && written < request.chain.writableBytes()) {
            storeWholly(request);
        }
        request.rewind(request.chain.readableSegments());
        storing.add(request.head);
    }

    /**
     * Of a block request that the device says it has written in part only. A driver that shares its memory with the device would
     * find the status there all the same, and with a good one the data; so does the card's.
     */
    private void storeWholly(Request request) {
        if (mover.last(request) == VirtioBlk.VIRTIO_BLK_S_OK) {
            request.left = request.chain.writableBytes();
        } else {
            request.lastByte = true;
        }
    }

    private boolean store() {
        boolean worked = false;
        while (stored < storing.size() && fault.isEmpty()) {
            Request request = requests[storing.get(stored)];
            if (!mover.store(request) || request.lastByte && !mover.storeLast(request)) {
                isLost();
                break;
            }
            stored++;
            worked = true;
        }
        mover.issue();
        return complete() | worked;
    }

    /** Gives the card back what was written, in order. */
    private boolean complete() {
        boolean worked = false;
        while (stored > 0 && fault.isEmpty()) {
            Request request = requests[storing.get(0)];
            if (mover.isPending(request) || isLost()) {
                break;
            }
            ring.complete(request.chain, request.written);
            space.give(request.offset - base, request.room);
            storing.removeFirst();
            stored--;
            worked = true;
            callWanted |= request.last && ring.publish();
        }
        return worked;
    }

    /** Looks whether a copy has failed; nothing is given to anybody then. */
    private boolean isLost() {
        int failure = mover.failure();
        if (failure != DmaCompletion.DONE) {
            broken(failure == DmaCompletion.GONE ? "the link to " + card + " is gone"
                    : card + " has taken memory away that its driver gave to the device");
        }
        return failure != DmaCompletion.DONE;
    }

    private boolean broken(String why) {
        if (fault.isEmpty()) {
            fault = "queue " + index + ": " + why;
        }
        return false;
    }

    /** Nothing is in flight any more, and the device was reset. */
    @Override
    public void close() {
        device.close();
        mover.close();
    }
}
