package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_HOST_TSO6;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_TCPV4;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_TCPV6;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.devices.net.NetCounters.Counter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The frames of one transmit queue (virtio 1.2, 5.1.6.2). Only on the thread that owns the queue.
 *
 * <p>The header is copied to private memory before a value is looked at, whatever its framing into descriptors, and judged
 * and used from there. A frame that is none is dropped and its buffer given back: nothing else can be told to a driver.
 */
final class TransmitQueue implements NetFrame {

    /** The longest frame, which is one that is to be cut: virtio 1.2, 5.1.6.3.1, without the header. */
    static final int MAX_FRAME = 65_550;

    /**
     * Frames of one call at the most: fewer than a receive queue takes in one, so that what a network sends back at once leaves it as
     * fast as it comes, and does not pile up there.
     */
    private static final int TURN = 48;

    private static final int TCP_CHECKSUM = 16;
    private static final int FRAME = NetHeaderLayout.BYTES;

    private final int pair;
    private final NetOffer offer;
    private final NetCounters counters;
    /** The header, and the frame's beginning behind it. */
    private final MemorySegment start = Arena.ofAuto().allocate(FRAME + TcpFrame.MAX_HEADERS, Long.BYTES);
    private final NetHeader header = new NetHeader(start);
    private final TcpFrame tcp = new TcpFrame();
    private DriverState state;
    private Payload data;
    /** Of this call, and not counted yet. */
    private int packets;
    private long octets;
    private int broadcasts;
    private int multicasts;

    TransmitQueue(int pair, NetOffer offer, NetCounters counters) {
        this.pair = pair;
        this.offer = offer;
        this.counters = counters;
    }

    /**
     * Hands frames to a backend until none is left, or the backend has no room.
     *
     * @param source  the queue's chains
     * @param to      the backend
     * @param settled what the driver has settled
     * @param linkUp  whether the cable is plugged in
     * @return whether the queue has had its turn although frames may be left
     */
    boolean serve(ChainSource source, NetBackend to, DriverState settled, boolean linkUp) {
        state = settled;
        boolean more = serve(source, to, linkUp);
        if (packets > 0) {
            count();
            to.transmitted(pair);
        }
        return more;
    }

    private boolean serve(ChainSource source, NetBackend to, boolean linkUp) {
        for (int i = 0; i < TURN; i++) {
            Chain chain = source.next();
            if (chain == null) {
                return false;
            }
            if (!send(chain, to, linkUp)) {
                counters.add(Counter.TX_NO_ROOM, 1);
                source.putBack();
                return false;
            }
            chain.complete(0);
        }
        return true;
    }

    private void count() {
        counters.add(Counter.TX_PACKETS, packets);
        counters.add(Counter.TX_BYTES, octets);
        counters.add(Counter.TX_BROADCAST, broadcasts);
        counters.add(Counter.TX_MULTICAST, multicasts);
        packets = 0;
        octets = 0;
        broadcasts = 0;
        multicasts = 0;
    }

    /** Returns false if the backend has no room. */
    private boolean send(Chain chain, NetBackend to, boolean linkUp) {
        data = chain.readable();
        if (!read(chain)) {
            return true;
        }
        if (!linkUp) {
            counters.add(Counter.TX_DROPS, 1);
            return true;
        }
        data.position(NetHeaderLayout.BYTES);
        long bytes = data.remaining();
        if (!to.transmit(pair, this)) {
            return false;
        }
        packets++;
        octets += bytes;
        long destination = Ethernet.destination(start, FRAME);
        if (destination == MacAddress.BROADCAST) {
            broadcasts++;
        } else if (MacAddress.isGroup(destination)) {
            multicasts++;
        }
        return true;
    }

    /**
     * Reads the header and the frame's beginning; returns whether it is a frame, and counts it if not. Of a frame that is to be cut
     * more is read, all of it anew: it is judged by what was read last.
     */
    private boolean read(Chain chain) {
        if (chain.faulted()) {
            return drop(Counter.TX_FAULTS);
        }
        long bytes = data.remaining() - NetHeaderLayout.BYTES;
        if (bytes < Ethernet.HEADER_BYTES) {
            return drop(Counter.TX_TOO_SHORT);
        }
        if (data.copyTo(start, 0, FRAME + Ethernet.HEADER_BYTES) < 0) {
            return drop(Counter.TX_FAULTS);
        }
        if (header.isEmpty()) {
            header.setBuffers(0);
            return fits(bytes);
        }
        if (header.isSegments() && !readHeaders()) {
            return drop(Counter.TX_FAULTS);
        }
        header.setFlags(header.flags() & VIRTIO_NET_HDR_F_NEEDS_CSUM);
        header.setBuffers(0);
        return judgeChecksum(bytes) && (header.isSegments() ? judgeSegments(bytes) : judgeLength(bytes));
    }

    private boolean readHeaders() {
        data.position(FRAME);
        return data.copyTo(start, FRAME, TcpFrame.MAX_HEADERS) >= 0;
    }

    private boolean judgeChecksum(long bytes) {
        if (!header.needsChecksum()) {
            header.clearChecksum();
            return true;
        }
        return state.accepted(VIRTIO_NET_F_CSUM) && header.checksumFits(bytes) || drop(Counter.TX_BAD_CHECKSUM);
    }

    private boolean judgeLength(long bytes) {
        header.clearSegments();
        return fits(bytes);
    }

    private boolean fits(long bytes) {
        return bytes <= Ethernet.mostBytes(offer.mtu()) || drop(Counter.TX_TOO_LONG);
    }

    /** A frame that is to be cut: it has to be what it says, with the checksum where TCP has it. */
    private boolean judgeSegments(long bytes) {
        if (bytes > MAX_FRAME) {
            return drop(Counter.TX_TOO_LONG);
        }
        boolean sound = isAccepted(header.gsoType())
                && header.needsChecksum()
                && header.gsoSize() > 0
                && tcp.parse(start, FRAME, (int) Math.min(bytes, TcpFrame.MAX_HEADERS))
                && tcp.isIpv6() == (header.gsoType() == VIRTIO_NET_HDR_GSO_TCPV6)
                && header.checksumStart() == tcp.transport()
                && header.checksumField() == tcp.transport() + TCP_CHECKSUM;
        header.setHeaderBytes(sound ? tcp.payload() : 0);
        return sound || drop(Counter.TX_BAD_SEGMENTS);
    }

    private boolean isAccepted(int gsoType) {
        return switch (gsoType) {
            case VIRTIO_NET_HDR_GSO_TCPV4 -> state.accepted(VIRTIO_NET_F_HOST_TSO4);
            case VIRTIO_NET_HDR_GSO_TCPV6 -> state.accepted(VIRTIO_NET_F_HOST_TSO6);
            default -> false;
        };
    }

    private boolean drop(Counter reason) {
        counters.add(reason, Counter.TX_ERRORS);
        return false;
    }

    @Override
    public MemorySegment header() {
        return header.readOnly();
    }

    @Override
    public Payload data() {
        return data;
    }
}
