package io.busbar.drivers.vop;

import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.core.virtio.vop.VqConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory of the ring between this queue and the host: descriptor table and available ring in the host's, the used ring here. In
 * use nothing is read over the link.
 */
final class HostRing implements AutoCloseable {

    private final VopHardwareOps link;
    private final String user;
    private final VqConfig config;
    private final LinkMeter meter;
    private final LinkWindow window;
    /** Null while it was taken away from the host. */
    private OwnMemory used;

    /**
     * Finds the host's part.
     *
     * @param link  the link
     * @param user  for listings
     * @param type  virtio device id
     * @param queue index
     * @param config what the entry says of the queue; was checked
     * @param meter of the queue
     * @throws VopException EFAULT if the host does not share it; EPROTO if it is something else
     */
    HostRing(VopHardwareOps link, String user, int type, int queue, VqConfig config, LinkMeter meter) throws VopException {
        this.link = link;
        this.user = user;
        this.config = config;
        this.meter = meter;
        window = link.map(config.address(), VopRing.hostBytes(config.size()), meter);
        int magic = window.getInt(VopRing.infoOffset(config.size()) + VopRing.INFO_MAGIC);
        if (magic != VopRing.magic(type, queue)) {
            window.close();
            throw new VopException(VopError.EPROTO, "the ring of queue " + queue + " has the magic number 0x"
                    + Integer.toHexString(magic) + ": expected 0x" + Integer.toHexString(VopRing.magic(type, queue)));
        }
    }

    int size() {
        return config.size();
    }

    LinkMeter meter() {
        return meter;
    }

    /**
     * Makes a fresh ring. The host does not use it: it has none, or it was reset.
     *
     * @param features negotiated with the host
     */
    DriverRing make(long features) throws VopException {
        int size = config.size();
        if (used == null) {
            used = link.allocate(user, VopRing.usedBytes(size));
        }
        used.segment().fill((byte) 0);
        try (Arena arena = Arena.ofConfined()) {
            window.copyFrom(0, arena.allocate(VopRing.infoOffset(size)), 0, VopRing.infoOffset(size));
        }
        MemorySegment host = window.segment();
        try {
            return Rings.driver(new DriverRingConfig(
                    new RingAddresses(Memory.ALL, host.address(), host.address() + VopRing.availOffset(size),
                            used.segment().address()),
                    size, features));
        } catch (IllegalArgumentException misplaced) {
            throw new VopException(VopError.EPROTO, "the ring of the host cannot be used: " + misplaced.getMessage());
        }
    }

    /** Returns where the host finds the used ring, after {@link #make}. */
    long usedAddress() {
        return used.peerAddress();
    }

    /** The host reaches the used ring no more; {@link #make} makes another one. */
    void revoke() {
        if (used != null) {
            used.close();
            used = null;
        }
    }

    @Override
    public void close() {
        revoke();
        window.close();
    }
}
