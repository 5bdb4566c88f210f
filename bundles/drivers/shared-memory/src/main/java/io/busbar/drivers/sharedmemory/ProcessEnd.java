package io.busbar.drivers.sharedmemory;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.DmaChannel;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.PeerRange;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.api.vop.VopInterrupt;
import io.busbar.api.vop.VopRole;
import io.busbar.core.linux.CallSignal;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.Poll;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.drivers.sharedmemory.Peer.GoneException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This process's end of a link. */
final class ProcessEnd implements VopDevice, VopHardwareOps, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);

    /** Doorbells of each end. */
    static final int DOORBELLS = 16;

    private static final long GRANULE = 4096;
    private static final long HOST_BASE = 0x80_0000_0000L;
    private static final long CARD_BASE = 0x1000_0000L;
    private static final int MOST_DOORBELLS = 128;
    /** Each has a descriptor here. A host has a few for each queue and device, a card those of its guest's memory. */
    private static final int MOST_PIECES = 1024;
    /** Messages that are taken at a time, so that a peer that never stops keeps nobody busy for ever. */
    private static final int MOST_MESSAGES = 2 * MOST_PIECES;

    private final String name;
    private final int node;
    private final VopRole role;
    private final Peer peer;
    private final Runnable whenLost;
    private final AtomicLong nextAddress;
    private final AtomicLong faultsOfPeer = new AtomicLong();
    private final ConcurrentSkipListMap<Long, FarFile> far = new ConcurrentSkipListMap<>();
    private final Map<String, LinkCounts> meters = new ConcurrentHashMap<>();
    private final DoorbellThread doorbells;
    private final Object receiving = new Object();
    private volatile List<CallSignal> peersDoorbells = List.of();
    private OwnMemory page;
    private LinkWindow remotePage;
    private volatile boolean lost;

    /**
     * Makes the end and says HELLO.
     *
     * @param name     of the card
     * @param node     its number, 1 to 128
     * @param role     which end
     * @param peer     the other process
     * @param whenLost called once, when that has left
     */
    ProcessEnd(String name, int node, VopRole role, Peer peer, Runnable whenLost) throws LinuxException {
        this.name = name;
        this.node = node;
        this.role = role;
        this.peer = peer;
        this.whenLost = whenLost;
        nextAddress = new AtomicLong(role == VopRole.HOST ? HOST_BASE : CARD_BASE);
        doorbells = new DoorbellThread("busbar-" + name + "-" + (role == VopRole.HOST ? "host" : "card") + "-irq", DOORBELLS);
    }

    /**
     * Meets the other end. When the call returns the link can be used.
     *
     * @param nanos how long the other process may take
     * @throws VopException  EPROTO for a stranger, ETIMEDOUT, ENOMEM
     * @throws GoneException if it has left
     */
    void meet(long nanos) throws VopException, GoneException, LinuxException {
        int flags = role == VopRole.HOST ? Message.HOST : Message.CARD;
        peer.send(new Message(Message.HELLO, node, DOORBELLS, 0, flags, name), doorbells.descriptors());
        long end = System.nanoTime() + nanos;
        while (peersDoorbells.isEmpty()) {
            await(end);
        }
        if (role == VopRole.HOST) {
            page = make("device page", DevicePage.BYTES, Message.PAGE, BootParam.initial(node).encode());
        } else {
            while (remotePage == null) {
                await(end);
            }
        }
        doorbells.watch(peer.descriptor(), Epoll.EPOLLIN | Epoll.EPOLLRDHUP | Epoll.EPOLLET, this::receiveQuietly);
    }

    private void await(long end) throws VopException, GoneException {
        receive();
        boolean met = role == VopRole.HOST ? !peersDoorbells.isEmpty() : remotePage != null;
        long left = end - System.nanoTime();
        if (!met && (left <= 0 || Poll.await(peer.descriptor(), Poll.POLLIN, left) == -Errno.ETIMEDOUT)) {
            throw new VopException(VopError.ETIMEDOUT, name + ": the other process does not say who it is");
        }
    }

    private void receiveQuietly() {
        try {
            if (receive()) {
                doorbells.execute(this::receiveQuietly);
            }
        } catch (GoneException | VopException e) {
            LOG.warn("{}: {}", name, e.getMessage()); // A process that says what it should not is none to go on with.
            lose();
        }
    }

    /** Takes what has come, up to a limit; never waits. Returns whether there may be more. */
    private boolean receive() throws GoneException, VopException {
        synchronized (receiving) {
            for (int taken = 0; taken < MOST_MESSAGES; taken++) {
                Optional<Peer.Received> next = peer.receive();
                if (next.isEmpty()) {
                    return false;
                }
                take(next.get());
            }
            return true;
        }
    }

    private void take(Peer.Received received) throws VopException {
        boolean kept = false;
        try {
            kept = switch (received.message().type()) {
                case Message.HELLO -> hello(received.message(), received.descriptors());
                case Message.SHARE -> share(received.message(), received.descriptors());
                case Message.UNSHARE -> unshared(received.message());
                default -> throw protocol("a message of type " + received.message().type());
            };
        } finally {
            if (!kept) {
                received.descriptors().forEach(Fd::close);
            }
        }
    }

    private VopException protocol(String what) {
        return new VopException(VopError.EPROTO, name + ": the other process sent " + what);
    }

    private boolean hello(Message hello, List<Fd> descriptors) throws VopException {
        int expected = role == VopRole.HOST ? Message.CARD : Message.HOST;
        if (hello.flags() != expected || !hello.name().equals(name) || hello.address() != node) {
            throw protocol("a greeting of \"" + hello.name() + "\", number " + hello.address() + ", role " + hello.flags()
                    + ": expected \"" + name + "\", number " + node + ", role " + expected);
        }
        if (hello.size() < 1 || hello.size() > MOST_DOORBELLS || descriptors.size() != hello.size() || !peersDoorbells.isEmpty()) {
            throw protocol(hello.size() + " doorbells with " + descriptors.size() + " descriptors: expected 1 to " + MOST_DOORBELLS);
        }
        List<CallSignal> signals = new ArrayList<>();
        for (Fd descriptor : descriptors) {
            signals.add(doorbell(descriptor));
        }
        peersDoorbells = List.copyOf(signals);
        return true;
    }

    /** A descriptor of the peer, which is no file that is written into, and never makes this process wait. */
    private CallSignal doorbell(Fd descriptor) throws VopException {
        try {
            if (descriptor.kind() == FdKind.EVENTFD) {
                return CallSignal.of(descriptor);
            }
            throw protocol("a doorbell that is " + descriptor.kind() + ": expected an eventfd");
        } catch (LinuxException e) {
            throw protocol("a doorbell that cannot be used: " + e.getMessage());
        }
    }

    private boolean share(Message share, List<Fd> descriptors) throws VopException {
        long end = share.address() + share.size();
        if (descriptors.size() != 1 || share.address() < 1 || share.size() < 1 || share.offset() < 0 || end < 0
                || overlaps(share.address(), end) || far.size() >= MOST_PIECES) {
            throw protocol(share.size() + " bytes at 0x" + Long.toHexString(share.address()) + " with " + descriptors.size()
                    + " descriptors: expected addresses that are not taken, 1 descriptor, and up to " + MOST_PIECES + " pieces");
        }
        FarFile file = new FarFile(share, descriptors.getFirst());
        far.put(share.address(), file);
        if ((share.flags() & Message.PAGE) != 0 && role == VopRole.CARD && remotePage == null) {
            remotePage = map(share.address(), DevicePage.BYTES, meter("page", -1)); // It is known: nothing is received for it.
            int magic = remotePage.getInt(0);
            if (magic != BootParam.MAGIC) {
                throw protocol("a page with the magic number 0x" + Integer.toHexString(magic));
            }
        }
        return true;
    }

    private boolean overlaps(long address, long end) {
        Map.Entry<Long, FarFile> before = far.lowerEntry(end);
        return before != null && (before.getKey() >= address || before.getValue().holds(address, 1));
    }

    private boolean unshared(Message message) {
        FarFile gone = far.remove(message.address());
        if (gone != null) {
            gone.leave();
        }
        return false;
    }

    boolean lost() {
        return lost;
    }

    /** Nothing crosses any more. */
    void lose() {
        synchronized (this) {
            if (lost) {
                return;
            }
            lost = true;
        }
        peer.shutdown();
        whenLost.run();
    }

    void peersFault() {
        faultsOfPeer.getAndIncrement();
    }

    long faultsOfPeer() {
        return faultsOfPeer.get();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public VopRole role() {
        return role;
    }

    @Override
    public int node() {
        return node;
    }

    @Override
    public VopHardwareOps ops() {
        return this;
    }

    @Override
    public int doorbells() {
        return DOORBELLS;
    }

    @Override
    public int nextDoorbell() {
        return doorbells.next();
    }

    @Override
    public VopInterrupt requestInterrupt(int doorbell, String user, LinkMeter meter, Runnable handler) throws VopException {
        if (doorbell < 0 || doorbell >= DOORBELLS) {
            throw new VopException(VopError.EINVAL, "doorbell " + doorbell + ": expected 0 to " + (DOORBELLS - 1));
        }
        return doorbells.request(doorbell, (LinkCounts) meter, handler);
    }

    @Override
    public void acknowledgeInterrupt(int doorbell) {
        // The count was taken from the eventfd before.
    }

    /** The system call is the barrier behind what was written before. */
    @Override
    public void sendInterrupt(int doorbell, LinkMeter meter) {
        List<CallSignal> signals = peersDoorbells;
        if (doorbell < 0 || doorbell >= signals.size()) {
            peersFault();
            return;
        }
        ((LinkCounts) meter).rang();
        if (!lost) {
            signals.get(doorbell).signal();
        }
    }

    @Override
    public Optional<OwnMemory> devicePage() {
        return Optional.ofNullable(page);
    }

    @Override
    public Optional<LinkWindow> remoteDevicePage() {
        return Optional.ofNullable(remotePage);
    }

    @Override
    public OwnMemory allocate(String use, long bytes) throws VopException {
        return make(use, bytes, 0, new byte[0]);
    }

    /** What it begins with is there before the other end hears of it. */
    private OwnFile make(String use, long bytes, int flags, byte[] content) throws VopException {
        long size = bytes + GRANULE - 1 & -GRANULE;
        if (bytes < 1 || size < 1) {
            throw new VopException(VopError.EINVAL, bytes + " bytes for " + use + ": expected 1 and up");
        }
        Fd file = null;
        try {
            file = MemFd.create("busbar " + name + " " + use, size, true);
            Mapping mapping = Mapping.map(file.number(), 0, size, true);
            MemorySegment.copy(content, 0, mapping.segment(), ValueLayout.JAVA_BYTE, 0, content.length);
            MemoryRegion region = new MemoryRegion(0, size, mapping.segment(), true, file.number(), 0);
            return tell(new OwnFile(this, region, file, mapping, place(size)), flags);
        } catch (LinuxException e) {
            if (file != null) {
                file.close();
            }
            throw new VopException(VopError.ENOMEM, use + ": " + e.getMessage());
        }
    }

    @Override
    public OwnMemory attach(MemoryRegion region) throws VopException {
        if (region.descriptor() < 0) {
            throw new VopException(VopError.EINVAL, "memory of " + region.size() + " bytes without a file: expected one with a descriptor");
        }
        return tell(new OwnFile(this, region, null, null, place(region.size())), 0);
    }

    /** With a page that is nobody's behind it. Addresses are not used again: there are enough. */
    private long place(long bytes) {
        return nextAddress.getAndAdd((bytes + GRANULE - 1 & -GRANULE) + GRANULE);
    }

    private OwnFile tell(OwnFile memory, int flags) throws VopException {
        MemoryRegion region = memory.region(0);
        try (Fd file = Fd.duplicateOf(region.descriptor())) {
            peer.send(new Message(Message.SHARE, memory.peerAddress(), region.size(), region.fileOffset(),
                    flags | (region.writable() ? Message.WRITABLE : 0), ""), List.of(file));
            return memory;
        } catch (GoneException | LinuxException e) {
            memory.close();
            throw new VopException(VopError.ENODEV, name + ": " + e.getMessage());
        }
    }

    /** Of memory that was made here the file is cut next; of a guest's, the other process lets go when it reads this. */
    void unshare(long address) {
        try {
            peer.send(new Message(Message.UNSHARE, address, 0, 0, 0, ""), List.of());
        } catch (GoneException e) {
            lose();
        }
    }

    /** What has been shared before the address was told is in the socket, if it was not taken from there already. */
    @Override
    public LinkWindow map(long address, long bytes, LinkMeter meter) throws VopException {
        FarFile file = find(address, bytes);
        if (lost) {
            throw new VopException(VopError.ENODEV, "the link of " + name + " is gone");
        }
        try {
            LinkWindow window = file == null ? null : file.map(this, address, bytes, (LinkCounts) meter);
            if (window != null) {
                return window;
            }
        } catch (LinuxException e) {
            throw fault(address, bytes, e.getMessage());
        }
        throw fault(address, bytes, "expected memory that the other end shares");
    }

    private FarFile find(long address, long bytes) {
        FarFile known = known(address, bytes);
        if (known != null || lost) {
            return known;
        }
        receiveQuietly();
        return known(address, bytes);
    }

    private FarFile known(long address, long bytes) {
        Map.Entry<Long, FarFile> entry = far.floorEntry(address);
        return entry != null && entry.getValue().holds(address, bytes) ? entry.getValue() : null;
    }

    @Override
    public Optional<PeerRange> peerRange(long address) {
        FarFile file = find(address, 1);
        return lost ? Optional.empty() : Optional.ofNullable(file).map(FarFile::range);
    }

    private VopException fault(long address, long bytes, String why) {
        peersFault();
        return new VopException(VopError.EFAULT, bytes + " bytes at 0x" + Long.toHexString(address) + ": " + why);
    }

    /** There is no engine. */
    @Override
    public List<DmaChannel> dmaChannels() {
        return List.of();
    }

    @Override
    public LinkMeter meter(String device, int queue) {
        return meters.computeIfAbsent(device + "/" + queue, _ -> new LinkCounts());
    }

    /** Lets go of the link. What this end shares is its users' to close. */
    @Override
    public void close() {
        lose();
        doorbells.close();
        far.values().forEach(FarFile::leave);
        far.clear();
        if (remotePage != null) {
            remotePage.close();
        }
        if (page != null) {
            page.close();
        }
        synchronized (receiving) {
            peer.close();
        }
        peersDoorbells.forEach(CallSignal::close);
    }
}
