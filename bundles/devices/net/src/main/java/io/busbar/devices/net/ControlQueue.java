package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.MAC_BYTES;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_ANNOUNCE_ACK;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_MAC;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_MAC_ADDR_SET;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_MAC_TABLE_SET;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_MQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_ALLMULTI;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_NOBCAST;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_VLAN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_VLAN_ADD;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_VLAN_DEL;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_ERR;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_CTRL_VLAN;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_MQ;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_OK;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import io.busbar.core.virtio.net.NetControlLayout;
import io.busbar.devices.net.NetCounters.Counter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.UnaryOperator;

/**
 * The commands of a driver (virtio 1.2, 5.1.6.5). Only on the thread that owns the queue.
 *
 * <p>A command is copied to private memory, judged as a whole, and done before it is acknowledged. What was not negotiated,
 * is not known, is too short or has a value out of its range is refused, and changes nothing.
 */
final class ControlQueue {

    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int maxPairs;
    private final Settlement settlement;
    private final NetCounters counters;
    private final MemorySegment scratch =
            Arena.ofAuto().allocate(RxFilter.MAX_ADDRESSES * (long) MAC_BYTES, Long.BYTES);
    /** What the driver has accepted, which no command changes. */
    private DriverState state;
    private Payload data;

    /** Where commands take effect. */
    @FunctionalInterface
    interface Settlement {

        /** Changes what the driver has settled; when it returns the change is in force. */
        void change(UnaryOperator<DriverState> change);
    }

    ControlQueue(int maxPairs, Settlement settlement, NetCounters counters) {
        this.maxPairs = maxPairs;
        this.settlement = settlement;
        this.counters = counters;
    }

    /**
     * Does what is asked for.
     *
     * @param source  the queue's chains
     * @param settled what the driver has settled
     */
    void serve(ChainSource source, DriverState settled) {
        state = settled;
        for (Chain chain = source.next(); chain != null; chain = source.next()) {
            counters.add(Counter.CVQ_REQUESTS, 1);
            byte answer = chain.faulted() || chain.writable().size() == 0 ? VIRTIO_NET_ERR : answer(chain.readable());
            counters.add(answer == VIRTIO_NET_OK ? Counter.CVQ_SUCCESSES : Counter.CVQ_ERRORS, 1);
            // Of a chain with a part outside the driver's memory nobody knows where its first byte is.
            chain.complete(chain.faulted() || chain.writable().fill(answer, 1) != 1 ? 0 : 1);
        }
    }

    private byte answer(Payload command) {
        data = command;
        if (data.copyTo(scratch, 0, NetControlLayout.HEADER_BYTES) != NetControlLayout.HEADER_BYTES) {
            return VIRTIO_NET_ERR;
        }
        int type = Byte.toUnsignedInt(scratch.get(U8, NetControlLayout.CLASS));
        int code = Byte.toUnsignedInt(scratch.get(U8, NetControlLayout.COMMAND));
        return obey(type, code) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
    }

    private boolean obey(int type, int code) {
        return switch (type) {
            case VIRTIO_NET_CTRL_RX -> setMode(code);
            case VIRTIO_NET_CTRL_MAC -> switch (code) {
                case VIRTIO_NET_CTRL_MAC_TABLE_SET -> setTables();
                case VIRTIO_NET_CTRL_MAC_ADDR_SET -> setAddress();
                default -> false;
            };
            case VIRTIO_NET_CTRL_VLAN -> setVlan(code);
            case VIRTIO_NET_CTRL_ANNOUNCE -> code == VIRTIO_NET_CTRL_ANNOUNCE_ACK && announced();
            case VIRTIO_NET_CTRL_MQ -> code == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET && setPairs();
            case VIRTIO_NET_CTRL_GUEST_OFFLOADS -> code == VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET && setOffloads();
            default -> false;
        };
    }

    private boolean change(UnaryOperator<DriverState> change) {
        settlement.change(change);
        return true;
    }

    /** Copies data that is as long as it has to be at least; what follows it says nothing. */
    private boolean read(int bytes) {
        return data.copyTo(scratch, 0, bytes) == bytes;
    }

    private boolean setMode(int mode) {
        int feature = mode <= VIRTIO_NET_CTRL_RX_ALLMULTI ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA;
        if (mode > VIRTIO_NET_CTRL_RX_NOBCAST || !state.accepted(feature) || !read(Byte.BYTES)) {
            return false;
        }
        int on = scratch.get(U8, 0);
        return (on == 0 || on == 1) && change(now -> now.withFilter(now.filter().withMode(mode, on == 1)));
    }

    private boolean setTables() {
        if (!state.accepted(VIRTIO_NET_F_CTRL_RX)) {
            return false;
        }
        Table unicast = readTable();
        Table multicast = unicast.sound() ? readTable() : Table.UNSOUND;
        return multicast.sound() && data.remaining() == 0
                && change(now -> now.withFilter(
                        now.filter().withTables(unicast.addresses(), multicast.addresses())));
    }

    /**
     * A list of addresses.
     *
     * @param sound     whether it is one
     * @param addresses the addresses, or null if there are more than are kept
     */
    private record Table(boolean sound, long[] addresses) {

        static final Table UNSOUND = new Table(false, null);
    }

    /** The count is checked against the data before anything is made of it. */
    private Table readTable() {
        if (!read(NetControlLayout.MAC_COUNT_BYTES)) {
            return Table.UNSOUND;
        }
        long count = Integer.toUnsignedLong(scratch.get(U32, 0));
        if (count * MAC_BYTES > data.remaining()) {
            return Table.UNSOUND;
        }
        if (count > RxFilter.MAX_ADDRESSES) {
            data.position(data.position() + count * MAC_BYTES);
            return new Table(true, null);
        }
        if (!read((int) count * MAC_BYTES)) {
            return Table.UNSOUND;
        }
        long[] addresses = new long[(int) count];
        for (int i = 0; i < count; i++) {
            addresses[i] = address(i * MAC_BYTES);
        }
        return new Table(true, addresses);
    }

    private long address(int offset) {
        long address = 0;
        for (int i = 0; i < MAC_BYTES; i++) {
            address = address << Byte.SIZE | Byte.toUnsignedInt(scratch.get(U8, offset + i));
        }
        return address;
    }

    private boolean setAddress() {
        if (!state.accepted(VIRTIO_NET_F_CTRL_MAC_ADDR) || !read(MAC_BYTES)) {
            return false;
        }
        long address = address(0);
        return MacAddress.isDevice(address) && change(now -> now.withMac(address));
    }

    private boolean setVlan(int code) {
        if (code != VIRTIO_NET_CTRL_VLAN_ADD && code != VIRTIO_NET_CTRL_VLAN_DEL
                || !state.accepted(VIRTIO_NET_F_CTRL_VLAN) || !read(Short.BYTES)) {
            return false;
        }
        int vlan = Short.toUnsignedInt(scratch.get(U16, 0));
        return vlan < RxFilter.VLANS
                && change(now -> now.withFilter(now.filter().withVlan(vlan, code == VIRTIO_NET_CTRL_VLAN_ADD)));
    }

    private boolean announced() {
        return state.accepted(VIRTIO_NET_F_GUEST_ANNOUNCE) && change(now -> now.withAnnounce(false));
    }

    private boolean setPairs() {
        if (!state.accepted(VIRTIO_NET_F_MQ) || !read(Short.BYTES)) {
            return false;
        }
        int pairs = Short.toUnsignedInt(scratch.get(U16, 0));
        return pairs >= 1 && pairs <= maxPairs && change(now -> now.withPairs(pairs));
    }

    private boolean setOffloads() {
        if (!state.accepted(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) || !read(Long.BYTES)) {
            return false;
        }
        long offloads = scratch.get(U64, 0);
        return (offloads & ~(state.features() & GUEST_OFFLOADS)) == 0 && change(now -> now.withOffloads(offloads));
    }
}
