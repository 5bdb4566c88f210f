package io.busbar.backends.switch_;

import io.busbar.api.backend.NetFrame;
import io.busbar.backends.switch_.capture.Capture;
import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.frame.FrameQueue;
import io.busbar.backends.switch_.host.Host;

/**
 * The way of the frames of one transmit queue: classified, learned from, and put into the rings of those who get them.
 * {@link #transmit} only on the thread that owns the queue.
 *
 * <p>Nothing that a driver sends can hold up another one's lane: rings are bounded, a frame for many never waits, and one
 * for a station waits only as long as that station's driver goes on taking frames.
 */
final class Lane {

    private final Network network;
    private final Port port;
    private final int pair;
    private final Counters counters = new Counters();
    private final InboundFrame frame = new InboundFrame();

    /** The first copy of the frame: committed last, as the other copies are made of it. */
    private FrameQueue openRing;
    private long openPosition;
    private int openBytes;

    /** Whether it is among those who wait for room; set by its own thread, cleared by whoever takes it out. */
    private volatile boolean held;
    private Lane nextHeld;

    Lane(Network network, Port port, int pair) {
        this.network = network;
        this.port = port;
        this.pair = pair;
    }

    Counters counters() {
        return counters;
    }

    /** Returns whether the frame was taken or dropped; false if it has to wait. */
    boolean transmit(NetFrame from) {
        try {
            return !frame.read(from)
                    ? drop(frame.isMalformed() ? Count.MALFORMED : Count.FAULTS)
                    : classify();
        } finally {
            finish();
            frame.end();
        }
    }

    private boolean classify() {
        PortVlans vlans = port.vlans();
        if (vlans.readsTags() && !frame.readTag()) {
            return drop(Count.MALFORMED);
        }
        int vlan = vlans.vlanOf(frame.control());
        if (vlan == PortVlans.REFUSED) {
            return drop(Count.OTHER_VLAN);
        }
        frame.setVlan(vlan);
        long source = frame.source();
        Host host = network.host();
        if (!Ethernet.isStation(source) || host != null && source == host.address()) {
            return drop(Count.BAD_SOURCE);
        }
        long destination = frame.destination();
        if (Ethernet.endsAtBridge(destination)) {
            return drop(Count.LINK_LOCAL);
        }
        int now = network.seconds();
        learn(vlan, source, now);
        return forward(host, vlan, destination, now);
    }

    private void learn(int vlan, long source, int now) {
        switch (network.table().learn(vlan, source, port.owner(), now)) {
            case MacTable.LEARNED -> counters.add(Count.LEARNED, 1);
            case MacTable.NO_ROOM -> counters.add(Count.NOT_LEARNED, 1);
            default -> {
                // Known.
            }
        }
    }

    private boolean forward(Host host, int vlan, long destination, int now) {
        Network.Ports ports = network.ports();
        if (Ethernet.isGroup(destination)) {
            return flood(ports, host);
        }
        if (host != null && destination == host.address()) {
            return put(host) ? accepted() : drop(Count.FAULTS);
        }
        Port to = ports.ofOwner(network.table().find(vlan, destination, now));
        if (to == port) {
            return drop(Count.OWN_STATION);
        }
        return to == null || !to.vlans().carries(vlan) ? flood(ports, null) : send(to);
    }

    /** To one port, which may hold the frame back. */
    private boolean send(Port to) {
        boolean withTag = to.vlans().writesTags();
        if (isStuck(withTag)) {
            return drop(Count.MALFORMED);
        }
        FrameQueue ring = to.ringFor(frame);
        if (ring == null) {
            to.away();
            return accepted();
        }
        int bytes = frame.recordBytes(withTag);
        long position = ring.reserve(bytes);
        if (position == FrameQueue.FULL && !ring.isStalled()) {
            network.hold(this);
            ring.expectRoom();
            position = ring.reserve(bytes);
            if (position == FrameQueue.FULL && !ring.isStalled()) {
                counters.add(Count.HELD, 1);
                return false;
            }
        }
        if (position < 0) {
            to.full();
        } else if (!put(ring, position, bytes, withTag)) {
            return drop(Count.FAULTS);
        }
        return accepted();
    }

    /** To every other port of the VLAN that has room. */
    private boolean flood(Network.Ports ports, Host host) {
        counters.add(Count.FLOODED, 1);
        boolean sound = true;
        for (int i = 0; i < ports.count() && sound; i++) {
            Port to = ports.get(i);
            if (to != port && to.vlans().carries(frame.vlan())) {
                sound = put(to);
            }
        }
        if (sound && host != null) {
            sound = put(host);
        }
        return sound ? accepted() : drop(Count.FAULTS);
    }

    private boolean put(Port to) {
        boolean withTag = to.vlans().writesTags();
        FrameQueue ring = to.ringFor(frame);
        if (ring == null) {
            to.away();
            return true;
        }
        if (isStuck(withTag)) {
            return true;
        }
        int bytes = frame.recordBytes(withTag);
        long position = ring.reserve(bytes);
        if (position < 0) {
            to.full();
            return true;
        }
        return put(ring, position, bytes, withTag);
    }

    /** The host gets all frames with a tag, and is told the port in place of the number of buffers. */
    private boolean put(Host host) {
        if (!frame.canChangeTags() || !host.wants(frame.lead(), frame.known(), frame.typeOffset(), frame.length())) {
            return true;
        }
        FrameQueue ring = host.ring();
        int bytes = frame.recordBytes(true);
        long position = ring.reserve(bytes);
        if (position < 0) {
            host.dropped();
            return true;
        }
        return put(ring, position, bytes, true, port.slot());
    }

    private boolean isStuck(boolean withTag) {
        return frame.growth(withTag) != 0 && !frame.canChangeTags();
    }

    private boolean put(FrameQueue ring, long position, int bytes, boolean withTag) {
        return put(ring, position, bytes, withTag, 0);
    }

    private boolean put(FrameQueue ring, long position, int bytes, boolean withTag, int mark) {
        boolean written = false;
        try {
            written = frame.writeTo(ring, position, withTag, mark);
        } finally {
            end(ring, position, bytes, written);
        }
        return written;
    }

    private void end(FrameQueue ring, long position, int bytes, boolean written) {
        if (!written) {
            ring.abandon(position, bytes);
        } else if (openRing == null) {
            openRing = ring;
            openPosition = position;
            openBytes = bytes;
        } else {
            ring.commit(position, bytes);
        }
    }

    private void finish() {
        if (openRing != null) {
            openRing.commit(openPosition, openBytes);
            openRing = null;
        }
    }

    private boolean accepted() {
        counters.add(Count.IN_FRAMES, 1);
        counters.add(Count.IN_BYTES, frame.length());
        capture();
        return true;
    }

    private boolean drop(Count reason) {
        counters.add(reason, 1);
        counters.add(Count.IN_FRAMES, 1);
        counters.add(Count.IN_BYTES, frame.length());
        if (reason != Count.FAULTS && reason != Count.MALFORMED) {
            capture();
        }
        return true;
    }

    private void capture() {
        Capture capture = port.capture();
        if (capture == null) {
            return;
        }
        FrameQueue ring = capture.ring();
        int bytes = Capture.META_BYTES + frame.length();
        long position = ring.reserve(bytes);
        if (position < 0) {
            capture.dropped();
            return;
        }
        boolean written = false;
        try {
            capture.writeMeta(position, Capture.INBOUND);
            written = frame.writeAsItCame(ring, position);
        } finally {
            end(ring, position, bytes, written);
        }
    }

    // Waiting for room

    /** Marks it as one that waits; returns false if it was. */
    boolean beginHold() {
        if (held) {
            return false;
        }
        held = true;
        return true;
    }

    void linkHeld(Lane next) {
        nextHeld = next;
    }

    /** Takes it out of those who wait, and lets its driver's frame be offered again; returns the next of them. */
    Lane endHold() {
        Lane next = nextHeld;
        nextHeld = null;
        held = false;
        port.writable(pair);
        return next;
    }
}
