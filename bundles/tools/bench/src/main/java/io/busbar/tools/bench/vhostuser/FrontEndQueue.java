package io.busbar.tools.bench.vhostuser;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.DriverRingConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import io.busbar.core.virtio.ring.SplitLayout;

/**
 * One queue: its ring in shared memory, the descriptor that kicks the device and the one that it calls us with. For one
 * thread. Kicking and waiting allocate nothing.
 */
public final class FrontEndQueue implements AutoCloseable {

    private static final int PART_ALIGNMENT = 4096;
    private static final long CALL = 1;
    private static final long CONNECTION = 2;

    private final int index;
    private final int size;
    private final RingAddresses addresses;
    private final DriverRing ring;
    private final Fd kick;
    private final Fd call;
    private final Epoll epoll;

    private FrontEndQueue(
            int index, int size, RingAddresses addresses, DriverRing ring, Fd kick, Fd call, Epoll epoll) {
        this.index = index;
        this.size = size;
        this.addresses = addresses;
        this.ring = ring;
        this.kick = kick;
        this.call = call;
        this.epoll = epoll;
    }

    /**
     * Makes a queue; the device does not know of it yet.
     *
     * @param connection watched as well, so that a wait ends when the device goes away
     */
    static FrontEndQueue create(int index, int size, long features, SharedMemory memory, Fd connection)
            throws LinuxException {
        RingAddresses addresses = new RingAddresses(Memory.ALL,
                memory.allocate(SplitLayout.descriptorTableBytes(size), PART_ALIGNMENT),
                memory.allocate(SplitLayout.driverAreaBytes(size, features), PART_ALIGNMENT),
                memory.allocate(SplitLayout.deviceAreaBytes(size, features), PART_ALIGNMENT));
        // One class for all queues: a load generator connects again and again, and is to be compiled once.
        DriverRing ring = Rings.plainDriver(new DriverRingConfig(addresses, size, features));
        Fd kick = EventFd.create();
        Fd call = EventFd.create();
        Epoll epoll = Epoll.create();
        epoll.add(call.number(), Epoll.EPOLLIN | Epoll.EPOLLET, CALL);
        epoll.add(connection.number(), Epoll.EPOLLRDHUP, CONNECTION);
        return new FrontEndQueue(index, size, addresses, ring, kick, call, epoll);
    }

    /** Returns the ring, for chains whose addresses are the device's ({@link SharedMemory#guest}). */
    public DriverRing ring() {
        return ring;
    }

    /** Publishes the chains that were added, and kicks the device if it wants that. */
    public void submit() {
        ring.publish();
        if (ring.kickNeeded()) {
            EventFd.signal(kick.number());
        }
    }

    /**
     * Sleeps until the device calls, unless chains are used already. Calls may come for nothing.
     *
     * @param timeoutMillis 0 or more
     * @return false if the time is over
     * @throws FrontEndException if the device has closed the connection
     */
    public boolean await(int timeoutMillis) throws FrontEndException {
        if (ring.enableCalls()) {
            return true;
        }
        int events = epoll.await(timeoutMillis);
        ring.disableCalls();
        if (events < 0) {
            throw new FrontEndException("waiting for the device: " + Errno.text(events));
        }
        for (int i = 0; i < events; i++) {
            if (epoll.token(i) == CONNECTION) {
                throw new FrontEndException("the device closed the connection while requests were in flight");
            }
        }
        return events > 0;
    }

    int index() {
        return index;
    }

    int size() {
        return size;
    }

    RingAddresses addresses() {
        return addresses;
    }

    Fd kick() {
        return kick;
    }

    Fd call() {
        return call;
    }

    @Override
    public void close() {
        epoll.close();
        kick.close();
        call.close();
    }
}
