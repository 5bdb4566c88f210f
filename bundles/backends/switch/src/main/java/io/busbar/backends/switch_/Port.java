package io.busbar.backends.switch_;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.backends.switch_.capture.Capture;
import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.frame.FrameQueue;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.net.NetHeaderLayout;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * One device on a network: a lane for each of its transmit queues, a ring for each of its receive queues.
 *
 * <p>Frames to the driver are spread over the pairs that it uses by their flow: all of a flow go through one ring, so their
 * order holds.
 */
final class Port {

    /**
     * Memory of a ring: 32 of the longest frames, 16 thousand of the shortest. More would only move the point at which the
     * sender waits, and leave the processor's cache.
     */
    static final int RING_BYTES = 2 << 20;

    private final Network network;
    private final BackendContext context;
    private final PortVlans vlans;
    private final int owner;
    private final Lane[] lanes;
    private final FrameQueue[] rings;
    private final Counters[] delivered;

    /** What several threads count. */
    private final Counters shared = new Counters();

    /** Pairs that the driver uses; 0 while there is none. */
    private volatile int usedPairs;

    private volatile boolean plugged = true;
    private volatile boolean closed;

    /** The capture that goes on, or null. */
    private volatile Capture capture;

    /** The last capture, which may have stopped; guarded by this. */
    private Capture lastCapture;

    Port(Network network, BackendContext context, PortVlans vlans, int owner) throws LinuxException {
        int pairs = Math.max(1, context.channels().size());
        this.network = network;
        this.context = context;
        this.vlans = vlans;
        this.owner = owner;
        lanes = new Lane[pairs];
        rings = new FrameQueue[pairs];
        delivered = new Counters[pairs];
        for (int pair = 0; pair < pairs; pair++) {
            lanes[pair] = new Lane(network, this, pair);
            delivered[pair] = new Counters();
            rings[pair] = ring(pair);
        }
    }

    private FrameQueue ring(int pair) throws LinuxException {
        try {
            return new FrameQueue(RING_BYTES, new Receiver(pair));
        } catch (LinuxException e) {
            for (int made = 0; made < pair; made++) {
                rings[made].close();
            }
            throw e;
        }
    }

    /** The receive queue of a pair. */
    private final class Receiver implements FrameQueue.Listener {

        private final int pair;

        Receiver(int pair) {
            this.pair = pair;
        }

        @Override
        public void readable() {
            if (!closed) {
                context.readable(pair);
            }
        }

        @Override
        public void roomy() {
            network.releaseHeld();
        }
    }

    /** Returns the device's name. */
    String name() {
        return context.deviceName();
    }

    PortVlans vlans() {
        return vlans;
    }

    /** Returns who it is for the table of stations. */
    int owner() {
        return owner;
    }

    int slot() {
        return MacTable.slot(owner);
    }

    int pairs() {
        return rings.length;
    }

    // The data path

    boolean transmit(int pair, NetFrame frame) {
        return lanes[pair].transmit(frame);
    }

    /** A frame of this port's that was held back may be offered again. */
    void writable(int pair) {
        if (!closed) {
            context.writable(pair);
        }
    }

    /** How many pairs a driver uses; when it has left, what waits for it is forgotten, and so is who was behind it. */
    void usePairs(int pairs) {
        usedPairs = Math.clamp(pairs, 0, rings.length);
        if (pairs == 0 && !closed) {
            network.table().forget(owner);
            for (FrameQueue ring : rings) {
                // No queue runs, so this thread is the consumer.
                while (ring.next()) {
                    ring.taken();
                }
            }
        }
    }

    void plugged(boolean in) {
        plugged = in;
        if (!in) {
            network.table().forget(owner);
        }
    }

    /** Returns where a frame to this port goes, or null if it goes nowhere. */
    FrameQueue ringFor(InboundFrame frame) {
        int used = usedPairs;
        if (used == 0 || !plugged) {
            return null;
        }
        return rings[used == 1 ? 0 : frame.flow() % used];
    }

    /** Counts a frame that found no room. */
    void full() {
        shared.addShared(Count.FULL, 1);
    }

    /** Counts a frame that found no driver. */
    void away() {
        shared.addShared(Count.AWAY, 1);
    }

    WaitingFrame peek(int pair) {
        FrameQueue ring = rings[pair];
        return ring.next() ? ring : null;
    }

    void taken(int pair) {
        FrameQueue ring = rings[pair];
        Capture now = capture;
        if (now != null) {
            copyTo(now, ring);
        }
        Counters counters = delivered[pair];
        counters.add(Count.OUT_FRAMES, 1);
        counters.add(Count.OUT_BYTES, ring.length() - NetHeaderLayout.BYTES);
        ring.taken();
    }

    private static void copyTo(Capture capture, FrameQueue from) {
        FrameQueue to = capture.ring();
        int frame = from.length() - NetHeaderLayout.BYTES;
        int bytes = Capture.META_BYTES + frame;
        long position = to.reserve(bytes);
        if (position < 0) {
            capture.dropped();
            return;
        }
        capture.writeMeta(position, Capture.OUTBOUND);
        MemorySegment.copy(from.memory(), from.offset() + NetHeaderLayout.BYTES,
                to.memory(), to.offset(position) + Capture.META_BYTES, frame);
        to.commit(position, bytes);
    }

    /** Delivers a frame of the network's host. */
    void deliver(int vlan, ByteBuffer frame) {
        int tag = vlans.writesTags() ? Ethernet.TAG_BYTES : 0;
        int bytes = NetHeaderLayout.BYTES + tag + frame.remaining();
        FrameQueue ring = rings[0];
        long position = ring.reserve(bytes);
        if (position < 0) {
            full();
            return;
        }
        MemorySegment memory = ring.memory();
        MemorySegment source = MemorySegment.ofBuffer(frame);
        long at = ring.offset(position);
        memory.asSlice(at, NetHeaderLayout.BYTES).fill((byte) 0);
        at += NetHeaderLayout.BYTES;
        MemorySegment.copy(source, 0, memory, at, Ethernet.TYPE);
        at += Ethernet.TYPE;
        if (tag > 0) {
            memory.set(Ethernet.U16, at, (short) Ethernet.TYPE_VLAN);
            memory.set(Ethernet.U16, at + Short.BYTES, (short) vlan);
        }
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, Ethernet.TYPE,
                memory, ValueLayout.JAVA_BYTE, at + tag, source.byteSize() - Ethernet.TYPE);
        ring.commit(position, bytes);
    }

    // Captures

    /** Returns the capture that goes on, or null. */
    Capture capture() {
        return capture;
    }

    /** Returns the last capture, which may have stopped by itself; or null. */
    synchronized Capture lastCapture() {
        return lastCapture;
    }

    /** Starts a capture in place of one that goes on. */
    synchronized void startCapture(Path path) throws BackendException {
        stopCapture();
        lastCapture = Capture.start(name(), path, () -> capture = null);
        capture = lastCapture;
        if (lastCapture.failure() != null) {
            capture = null;
        }
    }

    /** Ends the capture, if there is one; its file is complete then. */
    synchronized void stopCapture() {
        capture = null;
        if (lastCapture != null) {
            lastCapture.close();
            lastCapture = null;
        }
    }

    /** Ends the capture, and removes the file that it made. */
    synchronized void revokeCapture() {
        capture = null;
        if (lastCapture != null) {
            Capture last = lastCapture;
            lastCapture = null;
            try {
                last.revoke();
            } catch (IOException e) {
                Network.LOG.warn("capture {} stays: {}", last.path(), e.getMessage());
            }
        }
    }

    // For those who look

    /** Returns the sum over all of the port's threads. */
    long count(Count count) {
        long sum = shared.get(count);
        for (int pair = 0; pair < rings.length; pair++) {
            sum += lanes[pair].counters().get(count) + delivered[pair].get(count);
        }
        return sum;
    }

    /**
     * Looks after the rings; one thread.
     *
     * @return whether those who wait for room should try again
     */
    boolean look(int patience) {
        boolean tryAgain = false;
        for (FrameQueue ring : rings) {
            tryAgain |= ring.look(patience);
        }
        return tryAgain;
    }

    /** Nobody hears of it any more. */
    void leave() {
        closed = true;
    }

    /** Lets go of the memory; it is not in the network any more. */
    void close() {
        stopCapture();
        for (FrameQueue ring : rings) {
            ring.close();
        }
    }
}
