package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_DATA_VALID;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_ECN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_TCPV4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_TCPV6;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.device.ChainSource;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.devices.net.NetCounters.Counter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The frames of one receive queue (virtio 1.2, 5.1.6.4). Only on the thread that owns the queue.
 *
 * <p>A frame waits at the backend until the driver has buffers for it. It is dropped if it is not for the driver, if no
 * number of its buffers could hold it, or if it asks for what cannot be done.
 */
final class ReceiveQueue {

    /**
     * Frames that one call drops, and buffers that it uses, at the most: other queues of the thread are not kept waiting for
     * longer. Less than the turn that the engine gives, so that an end of the buffers is one.
     */
    private static final int TURN = 62;

    private static final ValueLayout.OfShort BIG_ENDIAN_U16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final int pair;
    private final NetOffer offer;
    private final NetCounters counters;
    private final NetHeader header = new NetHeader();
    private final MemorySegment checksum = Arena.ofAuto().allocate(Short.BYTES, Short.BYTES);
    private final TcpSegmenter segmenter = new TcpSegmenter();
    private final ReceiveBuffers buffers;
    private DriverState state;
    private MemorySegment memory;
    private long start;
    private int bytes;
    private boolean cut;
    /** The next segment of the frame at hand, if it is cut: those before it are delivered. */
    private int segment;
    /** Of this call, and not counted yet. */
    private int packets;
    private long octets;
    private int broadcasts;
    private int multicasts;

    /** What became of a frame, or of a segment. */
    private enum Outcome {
        /** The driver has it. */
        DELIVERED,
        /** Nobody gets it. */
        DROPPED,
        /** It waits until the driver gives more buffers. */
        WAITS
    }

    ReceiveQueue(int pair, NetOffer offer, NetCounters counters) {
        this.pair = pair;
        this.offer = offer;
        this.counters = counters;
        this.buffers = new ReceiveBuffers(counters);
    }

    /**
     * Delivers frames until none waits, or the driver has no buffers left for the next.
     *
     * @param source  the queue's chains
     * @param from    the backend
     * @param settled what the driver has settled
     * @param linkUp  whether the cable is plugged in
     * @return whether the queue has had its turn although frames may wait
     */
    boolean serve(ChainSource source, NetBackend from, DriverState settled, boolean linkUp) {
        if (settled != state) {
            state = settled;
            segment = 0;
        }
        buffers.begin();
        boolean more = serve(source, from, linkUp);
        if (packets > 0) {
            count();
        }
        from.received(pair);
        return more;
    }

    private void count() {
        counters.add(Counter.RX_PACKETS, packets);
        counters.add(Counter.RX_BYTES, octets);
        counters.add(Counter.RX_BROADCAST, broadcasts);
        counters.add(Counter.RX_MULTICAST, multicasts);
        packets = 0;
        octets = 0;
        broadcasts = 0;
        multicasts = 0;
    }

    private boolean serve(ChainSource source, NetBackend from, boolean linkUp) {
        int dropped = 0;
        while (dropped + buffers.used() < TURN) {
            WaitingFrame frame = from.peek(pair);
            if (frame == null) {
                return false;
            }
            Outcome outcome = linkUp ? take(source, frame) : drop(Counter.RX_LINK_DOWN, Counter.RX_DROPS);
            if (outcome == Outcome.WAITS) {
                return false;
            }
            dropped += outcome == Outcome.DROPPED ? 1 : 0;
            if (outcome == Outcome.DROPPED || isDelivered()) {
                segment = 0;
                from.taken(pair);
            }
        }
        return true;
    }

    /** After a delivery: returns whether nothing of the frame is left. */
    private boolean isDelivered() {
        return !cut || ++segment == segmenter.count();
    }

    private Outcome take(ChainSource source, WaitingFrame frame) {
        memory = frame.memory();
        start = frame.offset() + NetHeaderLayout.BYTES;
        bytes = frame.length() - NetHeaderLayout.BYTES;
        cut = false;
        if (bytes < Ethernet.HEADER_BYTES) {
            return drop(Counter.RX_ERRORS);
        }
        long destination = Ethernet.destination(memory, start);
        if (!state.filter().wantsAddress(destination, state.mac())) {
            return drop(Counter.RX_FILTERED, Counter.RX_DROPS);
        }
        if (state.filtersVlans() && !state.filter().wantsVlan(Ethernet.vlan(memory, start, bytes))) {
            return drop(Counter.RX_OTHER_VLAN, Counter.RX_DROPS);
        }
        MemorySegment.copy(memory, frame.offset(), header.bytes(), 0, NetHeaderLayout.BYTES);
        Outcome outcome = header.isSegments() ? takeSegments(source) : takeFrame(source);
        if (outcome == Outcome.DELIVERED && MacAddress.isGroup(destination)) {
            broadcasts += destination == MacAddress.BROADCAST ? 1 : 0;
            multicasts += destination == MacAddress.BROADCAST ? 0 : 1;
        }
        return outcome;
    }

    private Outcome takeSegments(ChainSource source) {
        int type = header.gsoType() & ~VIRTIO_NET_HDR_GSO_ECN;
        boolean ipv6 = type == VIRTIO_NET_HDR_GSO_TCPV6;
        if (!ipv6 && type != VIRTIO_NET_HDR_GSO_TCPV4
                || !header.needsChecksum() || !header.checksumFits(bytes)
                || !segmenter.begin(memory, start, bytes, header.gsoSize(), ipv6)) {
            return drop(Counter.RX_ERRORS);
        }
        // GUEST_ECN is not offered: a frame that is to be cut with ECN in mind is cut here.
        if (type == header.gsoType()
                && state.offloads(VIRTIO_NET_F_GUEST_CSUM)
                && state.offloads(ipv6 ? VIRTIO_NET_F_GUEST_TSO6 : VIRTIO_NET_F_GUEST_TSO4)) {
            header.setFlags(VIRTIO_NET_HDR_F_NEEDS_CSUM);
            header.setHeaderBytes(segmenter.headerBytes());
            return deliver(source, -1);
        }
        return takeSegment(source);
    }

    private Outcome takeSegment(ChainSource source) {
        cut = true;
        if (segment >= segmenter.count()) {
            segment = 0;
        }
        segmenter.make(segment);
        if (isTooLong(segmenter.bytes())) {
            return drop(Counter.RX_TOO_LONG, Counter.RX_DROPS);
        }
        Outcome reserved = reserve(source, segmenter.bytes());
        if (reserved != Outcome.DELIVERED) {
            return reserved;
        }
        header.clear();
        header.setFlags(state.offloads(VIRTIO_NET_F_GUEST_CSUM) ? VIRTIO_NET_HDR_F_DATA_VALID : 0);
        buffers.putHeader(header);
        buffers.put(segmenter.headers(), 0, segmenter.headerBytes());
        buffers.put(memory, segmenter.dataOffset(), segmenter.dataBytes());
        if (segment == 0) {
            counters.add(Counter.RX_CUT, 1);
        }
        return complete(source, segmenter.bytes());
    }

    private Outcome takeFrame(ChainSource source) {
        if (isTooLong(bytes)) {
            return drop(Counter.RX_TOO_LONG, Counter.RX_DROPS);
        }
        if (header.isEmpty()) {
            return deliver(source, -1);
        }
        boolean driverFills = state.offloads(VIRTIO_NET_F_GUEST_CSUM);
        header.clearSegments();
        if (!header.needsChecksum()) {
            header.setFlags(driverFills ? header.flags() & VIRTIO_NET_HDR_F_DATA_VALID : 0);
            header.clearChecksum();
            return deliver(source, -1);
        }
        if (!header.checksumFits(bytes)) {
            return drop(Counter.RX_ERRORS);
        }
        if (driverFills) {
            header.setFlags(VIRTIO_NET_HDR_F_NEEDS_CSUM);
            return deliver(source, -1);
        }
        return fillAndDeliver(source);
    }

    /** The backend's memory may be somebody else's too: the checksum is put in on the way, not in place. */
    private Outcome fillAndDeliver(ChainSource source) {
        int from = header.checksumStart();
        int field = header.checksumField();
        int sum = InternetChecksum.sum(memory, start + from, bytes - from);
        checksum.set(BIG_ENDIAN_U16, 0, (short) InternetChecksum.of(sum));
        header.setFlags(0);
        header.clearChecksum();
        Outcome outcome = deliver(source, field);
        if (outcome == Outcome.DELIVERED) {
            counters.add(Counter.RX_CHECKSUMS, 1);
        }
        return outcome;
    }

    /**
     * Delivers the frame as it is.
     *
     * @param field where the computed checksum goes, or -1
     */
    private Outcome deliver(ChainSource source, int field) {
        Outcome reserved = reserve(source, bytes);
        if (reserved != Outcome.DELIVERED) {
            return reserved;
        }
        buffers.putHeader(header);
        if (field < 0) {
            buffers.put(memory, start, bytes);
        } else {
            int after = field + Short.BYTES;
            buffers.put(memory, start, field);
            buffers.put(checksum, 0, Short.BYTES);
            buffers.put(memory, start + after, bytes - after);
        }
        return complete(source, bytes);
    }

    private boolean isTooLong(int frameBytes) {
        return state.knowsMtu() && frameBytes > Ethernet.mostBytes(offer.mtu());
    }

    private Outcome reserve(ChainSource source, int frameBytes) {
        return switch (buffers.reserve(source, NetHeaderLayout.BYTES + frameBytes, state.mergeable())) {
            case READY -> Outcome.DELIVERED;
            case TOO_FEW -> {
                counters.add(Counter.RX_NO_BUFFER, 1);
                yield Outcome.WAITS;
            }
            case NEVER -> drop(Counter.RX_OVERRUNS);
        };
    }

    private Outcome complete(ChainSource source, int frameBytes) {
        if (!buffers.complete(source)) {
            return drop(Counter.RX_ERRORS);
        }
        packets++;
        octets += frameBytes;
        return Outcome.DELIVERED;
    }

    private Outcome drop(Counter reason) {
        counters.add(reason, 1);
        return Outcome.DROPPED;
    }

    private Outcome drop(Counter reason, Counter sum) {
        counters.add(reason, sum);
        return Outcome.DROPPED;
    }
}
