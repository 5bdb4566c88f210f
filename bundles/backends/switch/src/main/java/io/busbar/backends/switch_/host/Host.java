package io.busbar.backends.switch_.host;

import static io.busbar.core.virtio.net.NetHeaderLayout.FLAGS;
import static io.busbar.core.virtio.net.NetHeaderLayout.GSO_TYPE;
import static io.busbar.core.virtio.net.NetHeaderLayout.NUM_BUFFERS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_HDR_GSO_NONE;

import io.busbar.backends.switch_.frame.Ethernet;
import io.busbar.backends.switch_.frame.FrameQueue;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.net.NetHeaderLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host of a network: a station in every VLAN that gives addresses and answers pings, on a thread of its own. Its queue
 * is small and bounded, and it takes a limited number of frames a second: a driver that floods it harms DHCP for a while,
 * and nothing else.
 *
 * <p>Frames in its ring have a tag always, and the slot of their port as the number of buffers.
 */
public final class Host implements FrameQueue.Listener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Host.class);

    private static final int RING_BYTES = 256 << 10;

    /** The longest frame that is looked at: a ping of a jumbo frame. */
    private static final int MOST_BYTES = 9300;

    /** Frames that are answered in one turn, and the least time of a turn. */
    private static final int TURN = 64;

    private static final long TURN_NANOS = 10_000_000;
    private static final long END_MILLIS = 2000;

    private static final int IP_BYTES = 20;
    private static final int IP_PROTOCOL = 9;
    private static final int IP_DESTINATION = 16;
    private static final int ARP_TARGET_IP = 24;
    private static final int ARP_BYTES = 28;
    private static final int UDP = 17;
    private static final int UDP_BYTES = 8;
    private static final int WORD_BYTES = 4;
    private static final int SERVER_PORT = 67;
    private static final long LOCAL_ADDRESS = 0x0242_0000_0000L;

    private static final ValueLayout.OfShort LITTLE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Where answers go. */
    @FunctionalInterface
    public interface Outlet {

        /**
         * Sends a frame to a port, if it is still there, in that VLAN, and has room.
         *
         * @param slot  the port's
         * @param vlan  VLAN
         * @param frame without a tag
         */
        void send(int slot, int vlan, ByteBuffer frame);
    }

    private final String network;
    private final Subnet subnet;
    private final long address;
    private final Outlet outlet;
    private final FrameQueue ring;
    private final Leases leases;
    private final Responder responder;
    private final Thread thread;
    private final AtomicLong dropped = new AtomicLong();
    private volatile boolean closed;

    /**
     * Starts the host.
     *
     * @param network the network's name, from which its Ethernet address follows
     * @param subnet  the subnet of which it gives addresses
     * @param outlet  where its answers go
     * @throws LinuxException if there is no memory
     */
    public Host(String network, Subnet subnet, Outlet outlet) throws LinuxException {
        this.network = network;
        this.subnet = subnet;
        this.outlet = outlet;
        address = LOCAL_ADDRESS | Integer.toUnsignedLong(network.hashCode());
        leases = new Leases(subnet);
        responder = new Responder(address, subnet, new DhcpServer(subnet, leases));
        ring = new FrameQueue(RING_BYTES, this);
        thread = Thread.ofPlatform().name("busbar-switch-" + network + "-dhcp").daemon().start(this::run);
    }

    /** Returns its Ethernet address. */
    public long address() {
        return address;
    }

    /** Returns the subnet of which it gives addresses. */
    public Subnet subnet() {
        return subnet;
    }

    /** Returns the addresses that are in use. */
    public List<Leases.Bound> leases() {
        return leases.bound(seconds());
    }

    /** Returns where frames for it go. */
    public FrameQueue ring() {
        return ring;
    }

    /** Counts a frame for which there was no room. */
    public void dropped() {
        dropped.incrementAndGet();
    }

    /** Returns how many frames found no room. */
    public long drops() {
        return dropped.get();
    }

    /**
     * Returns whether a frame may be one that it answers, by a look at its beginning. Allocates nothing.
     *
     * @param frame  private memory that holds the frame's beginning
     * @param known  bytes that are there
     * @param type   where the type is
     * @param length bytes of the frame
     */
    public boolean wants(MemorySegment frame, int known, int type, int length) {
        int network = type + Short.BYTES;
        if (length > MOST_BYTES || network > known) {
            return false;
        }
        return switch (Ethernet.u16(frame, type)) {
            case Ethernet.TYPE_ARP -> network + ARP_BYTES <= known
                    && u32(frame, network + ARP_TARGET_IP) == subnet.server();
            case Ethernet.TYPE_IPV4 -> network + IP_BYTES <= known
                    && (u32(frame, network + IP_DESTINATION) == subnet.server() || isToDhcp(frame, known, network));
            default -> false;
        };
    }

    private static boolean isToDhcp(MemorySegment frame, int known, int network) {
        int transport = network + (Ethernet.u8(frame, network) & 0xf) * WORD_BYTES;
        return Ethernet.u8(frame, network + IP_PROTOCOL) == UDP
                && transport + UDP_BYTES <= known
                && Ethernet.u16(frame, transport + Short.BYTES) == SERVER_PORT;
    }

    private static long u32(MemorySegment frame, int offset) {
        return Integer.toUnsignedLong(frame.get(Ethernet.U32, offset));
    }

    @Override
    public void readable() {
        LockSupport.unpark(thread);
    }

    @Override
    public void roomy() {
        // Nobody waits for the host.
    }

    private void run() {
        while (!closed) {
            long begin = System.nanoTime();
            int answered = 0;
            while (answered < TURN && !closed && ring.next()) {
                answer();
                ring.taken();
                answered++;
            }
            if (closed) {
                return;
            }
            if (answered < TURN) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, begin + TURN_NANOS - System.nanoTime());
            }
        }
    }

    private void answer() {
        try {
            MemorySegment memory = ring.memory();
            long header = ring.offset();
            int slot = Short.toUnsignedInt(memory.get(LITTLE, header + NUM_BUFFERS));
            if (memory.get(ValueLayout.JAVA_BYTE, header + GSO_TYPE) != VIRTIO_NET_HDR_GSO_NONE) {
                return;
            }
            boolean partial = (memory.get(ValueLayout.JAVA_BYTE, header + FLAGS) & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
            long start = header + NetHeaderLayout.BYTES;
            int vlan = Ethernet.u16(memory, start + Ethernet.HEADER_BYTES) & Ethernet.VLAN_MASK;
            responder.answer(untagged(memory, start, ring.length() - NetHeaderLayout.BYTES), partial, vlan, slot, seconds())
                    .ifPresent(reply -> outlet.send(slot, vlan, reply));
        } catch (RuntimeException e) {
            LOG.error("network {}: a frame that the DHCP server could not answer", network, e);
        }
    }

    private static ByteBuffer untagged(MemorySegment memory, long start, int length) {
        byte[] frame = new byte[length - Ethernet.TAG_BYTES];
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, start, frame, 0, Ethernet.TYPE);
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, start + Ethernet.TYPE + Ethernet.TAG_BYTES,
                frame, Ethernet.TYPE, frame.length - Ethernet.TYPE);
        return ByteBuffer.wrap(frame);
    }

    private static long seconds() {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
    }

    /** Ends its thread; no port sends to it any more. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!thread.isAlive()) {
            ring.close();
        }
    }
}
