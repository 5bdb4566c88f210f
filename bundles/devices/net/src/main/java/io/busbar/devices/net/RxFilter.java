package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_ALLMULTI;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_ALLUNI;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_NOBCAST;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_NOMULTI;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_NOUNI;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_CTRL_RX_PROMISC;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * Which frames a driver wants (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). Immutable.
 *
 * <p>A driver that has said nothing gets everything: it may be one that cannot say what it wants. Everything is also
 * without regard to VLANs.
 */
final class RxFilter {

    /** Entries of one list at the most; a driver that wants more gets all frames of that kind. */
    static final int MAX_ADDRESSES = 256;

    /** Numbers of VLANs. */
    static final int VLANS = 4096;

    /** What a driver begins with. */
    static final RxFilter EVERYTHING =
            new RxFilter(1 << VIRTIO_NET_CTRL_RX_PROMISC, new long[0], new long[0], new long[VLANS / Long.SIZE]);

    private final int modes;
    /** Sorted; null if all are wanted. */
    private final long[] unicast;
    /** Sorted; null if all are wanted. */
    private final long[] multicast;
    private final long[] vlans;

    private RxFilter(int modes, long[] unicast, long[] multicast, long[] vlans) {
        this.modes = modes;
        this.unicast = unicast;
        this.multicast = multicast;
        this.vlans = vlans;
    }

    /**
     * Returns the filter with a mode changed.
     *
     * @param mode one of the commands of {@code VIRTIO_NET_CTRL_RX}
     */
    RxFilter withMode(int mode, boolean on) {
        return new RxFilter(on ? modes | 1 << mode : modes & ~(1 << mode), unicast, multicast, vlans);
    }

    /**
     * Returns the filter with other lists.
     *
     * @param unicastTable   addresses, or null for all
     * @param multicastTable addresses, or null for all
     */
    RxFilter withTables(long[] unicastTable, long[] multicastTable) {
        return new RxFilter(modes, sorted(unicastTable), sorted(multicastTable), vlans);
    }

    private static long[] sorted(long[] table) {
        if (table == null) {
            return null;
        }
        long[] sorted = table.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    /**
     * Returns the filter with a VLAN added or deleted.
     *
     * @param vlan 0 to {@code VLANS - 1}
     */
    RxFilter withVlan(int vlan, boolean wanted) {
        long[] next = vlans.clone();
        if (wanted) {
            next[vlan / Long.SIZE] |= 1L << vlan;
        } else {
            next[vlan / Long.SIZE] &= ~(1L << vlan);
        }
        return new RxFilter(modes, unicast, multicast, next);
    }

    /** Writes it into a record. */
    void write(DataOutput to) throws IOException {
        to.writeInt(modes);
        write(to, unicast);
        write(to, multicast);
        write(to, vlans);
    }

    private static void write(DataOutput to, long[] table) throws IOException {
        to.writeInt(table == null ? -1 : table.length);
        if (table != null) {
            for (long entry : table) {
                to.writeLong(entry);
            }
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException if it ends too early, or a table is longer than any can be
     */
    static RxFilter read(DataInput from) throws IOException {
        int modes = from.readInt();
        long[] unicast = sorted(readTable(from));
        long[] multicast = sorted(readTable(from));
        long[] vlans = readTable(from);
        if (vlans == null || vlans.length != VLANS / Long.SIZE) {
            throw new IOException("no table of " + VLANS + " VLANs");
        }
        return new RxFilter(modes, unicast, multicast, vlans);
    }

    private static long[] readTable(DataInput from) throws IOException {
        int length = from.readInt();
        if (length < -1 || length > MAX_ADDRESSES) {
            throw new IOException("a table of " + length + " entries");
        }
        if (length == -1) {
            return null;
        }
        long[] table = new long[length];
        for (int i = 0; i < length; i++) {
            table[i] = from.readLong();
        }
        return table;
    }

    /** Returns whether everything is wanted. */
    boolean isPromiscuous() {
        return has(VIRTIO_NET_CTRL_RX_PROMISC);
    }

    /**
     * Returns whether frames of a VLAN are wanted.
     *
     * @param vlan 0, which is none, to {@code VLANS - 1}
     */
    boolean wantsVlan(int vlan) {
        return vlan == 0 || isPromiscuous() || (vlans[vlan / Long.SIZE] >>> vlan & 1) != 0;
    }

    /**
     * Returns whether frames to an address are wanted.
     *
     * @param destination the address
     * @param own         the device's address
     */
    boolean wantsAddress(long destination, long own) {
        if (isPromiscuous()) {
            return true;
        }
        if (destination == MacAddress.BROADCAST) {
            return !has(VIRTIO_NET_CTRL_RX_NOBCAST);
        }
        if (MacAddress.isGroup(destination)) {
            return !has(VIRTIO_NET_CTRL_RX_NOMULTI)
                    && (has(VIRTIO_NET_CTRL_RX_ALLMULTI) || contains(multicast, destination));
        }
        return !has(VIRTIO_NET_CTRL_RX_NOUNI)
                && (destination == own || has(VIRTIO_NET_CTRL_RX_ALLUNI) || contains(unicast, destination));
    }

    private boolean has(int mode) {
        return (modes >>> mode & 1) != 0;
    }

    private static boolean contains(long[] table, long address) {
        return table == null || Arrays.binarySearch(table, address) >= 0;
    }
}
