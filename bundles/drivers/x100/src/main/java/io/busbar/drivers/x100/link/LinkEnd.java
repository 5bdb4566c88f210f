package io.busbar.drivers.x100.link;

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
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What both ends have in common: own memory, windows, doorbells, DMA channels and meters, by the link's rules. */
public abstract class LinkEnd implements VopDevice, VopHardwareOps, AutoCloseable {

    /** The device in whose name what is no device's is counted. */
    protected static final String LINK = "link";

    private final PciLink link;
    private final VopRole role;
    private final Doorbells doorbells;
    private final Map<MeterName, Meter> meters = new ConcurrentHashMap<>();
    private final List<DmaRing> rings = new ArrayList<>();
    private volatile boolean lost;

    /** What a meter counts. */
    private record MeterName(String device, int queue) {}

    /**
     * What was counted for a queue.
     *
     * @param device name
     * @param queue  0 and up, or -1
     * @param meter  the counts
     */
    public record Counted(String device, int queue, LinkMeter meter) {}

    /**
     * Makes the end; it is not connected yet.
     *
     * @param link  of which
     * @param role  which end
     * @param count doorbells that the other end can ring here
     */
    protected LinkEnd(PciLink link, VopRole role, int count) {
        this.link = link;
        this.role = role;
        doorbells = new Doorbells("busbar-" + link.name() + "-" + (role == VopRole.HOST ? "host" : "card") + "-irq", count);
    }

    /** Returns the registers, as this end reaches them. */
    protected abstract RegisterPort registers();

    /** Rings a doorbell of the other end; it is there. */
    protected abstract void ringPeer(int doorbell);

    /** Returns the number of doorbells of the other end. */
    protected abstract int peerDoorbells();

    /** Returns the link. */
    protected final PciLink link() {
        return link;
    }

    /**
     * Connects the end, and sets up its DMA channels.
     *
     * @param firstChannel 0 or 4
     * @param maxBytes     of one transfer
     * @throws VopException if there is no memory for it; then the end is closed
     */
    protected final void connect(int firstChannel, long maxBytes) throws VopException {
        link.connect(role, this);
        try {
            for (int i = firstChannel; i < firstChannel + PciLink.CHANNELS_OF_AN_END; i++) {
                rings.add(new DmaRing(this, i, link.settings().ring(), maxBytes));
            }
        } catch (VopException e) {
            close();
            throw e;
        }
        int all = registers().read(Register.DCR);
        for (int i = firstChannel; i < firstChannel + PciLink.CHANNELS_OF_AN_END; i++) {
            all |= (role == VopRole.HOST ? 0b11 : 0b10) << 2 * i;
        }
        registers().write(Register.DCR, all);
    }

    Doorbells doorbellsOfThisEnd() {
        return doorbells;
    }

    DmaRing ring(int index) {
        return rings.get(index);
    }

    void errorsOfDma() {
        rings.forEach(DmaRing::error);
    }

    /** The link is gone, or the card was reset. */
    final void lose() {
        lost = true;
        rings.forEach(DmaRing::lose);
        List.copyOf(link.shared(role)).stream().filter(memory -> memory.owner() == this).forEach(SharedMemory::revoke);
        link.settleDma();
    }

    final boolean lost() {
        return lost;
    }

    private VopRole peer() {
        return role == VopRole.HOST ? VopRole.CARD : VopRole.HOST;
    }

    void peersFault() {
        link.fault(peer());
    }

    @Override
    public final String name() {
        return link.name();
    }

    @Override
    public final VopRole role() {
        return role;
    }

    @Override
    public final int node() {
        return link.settings().node();
    }

    @Override
    public final VopHardwareOps ops() {
        return this;
    }

    @Override
    public final int doorbells() {
        return doorbells.count();
    }

    @Override
    public final int nextDoorbell() {
        return doorbells.next();
    }

    @Override
    public final VopInterrupt requestInterrupt(int doorbell, String user, LinkMeter meter, Runnable handler) throws VopException {
        return doorbells.request(doorbell, user, (Meter) meter, handler);
    }

    @Override
    public final void sendInterrupt(int doorbell, LinkMeter meter) {
        if (doorbell < 0 || doorbell >= peerDoorbells()) {
            peersFault();
            return;
        }
        ((Meter) meter).doorbell();
        if (!lost) {
            ringPeer(doorbell);
        }
    }

    @Override
    public final OwnMemory allocate(String use, long bytes) throws VopException {
        return allocate(use, bytes, false);
    }

    final SharedMemory allocateForEngine(String use, long bytes) throws VopException {
        return allocate(use, bytes, true);
    }

    private SharedMemory allocate(String use, long bytes, boolean forEngine) throws VopException {
        long size = AddressSpace.rounded(bytes);
        if (bytes < 1 || size < 1) {
            throw new VopException(VopError.EINVAL, bytes + " bytes for " + use + ": expected 1 and up");
        }
        requireLink();
        long address = take(use, size, false);
        Fd file = null;
        try {
            file = MemFd.create("busbar " + name() + " " + use, size, false);
            Mapping mapping = Mapping.map(file.number(), 0, size, true);
            MemoryRegion region = new MemoryRegion(0, size, mapping.segment(), true, file.number(), 0);
            return share(use, region, mapping, file, address, forEngine);
        } catch (LinuxException e) {
            if (file != null) {
                file.close();
            }
            link.addresses(role, false).release(address);
            throw new VopException(VopError.ENOMEM, use + ": " + e.getMessage());
        }
    }

    @Override
    public final OwnMemory attach(MemoryRegion region) throws VopException {
        if (region.descriptor() < 0) {
            throw new VopException(VopError.EINVAL, "memory of " + region.size() + " bytes without a file: expected one with a descriptor");
        }
        requireLink();
        return share("guest", region, null, null, take("a guest's memory", region.size(), true), false);
    }

    private void requireLink() throws VopException {
        if (lost) {
            throw new VopException(VopError.ENODEV, "the link of " + name() + " is gone");
        }
    }

    private long take(String use, long bytes, boolean guest) throws VopException {
        long address = link.addresses(role, guest).take(bytes);
        if (address < 0) {
            throw new VopException(role == VopRole.CARD && !guest ? VopError.ENOMEM : VopError.ENOSPC,
                    bytes + " bytes for " + use + ": expected no more than " + name() + " has addresses left for");
        }
        return address;
    }

    private SharedMemory share(String use, MemoryRegion region, Mapping mapping, Fd file, long address, boolean forEngine)
            throws VopException {
        long peerAddress = role == VopRole.CARD ? address : link.smpt().map(address, region.size());
        if (peerAddress == 0) {
            link.addresses(role, false).release(address);
            if (mapping != null) {
                mapping.close();
                file.close();
            }
            throw new VopException(VopError.ENOSPC, region.size() + " bytes for " + use + ": expected a free window of the SMPT");
        }
        SharedMemory memory = new SharedMemory(this, use, region, mapping, file, address, peerAddress, forEngine);
        link.memoryOf(role).add(memory);
        if (lost) {
            memory.revoke();
        }
        return memory;
    }

    /** When this returns the other end reaches the memory no more. */
    final void takeAway(SharedMemory memory) {
        if (!link.memoryOf(role).remove(memory)) {
            return;
        }
        memory.revoke();
        link.settleDma();
        if (role == VopRole.HOST) {
            link.smpt().unmap(memory.peerAddress(), memory.size());
        }
        // Of the two spaces of the card only the one that gave it knows it.
        link.addresses(role, true).release(memory.busAddress());
        link.addresses(role, false).release(memory.busAddress());
    }

    @Override
    public final LinkWindow map(long address, long bytes, LinkMeter meter) throws VopException {
        requireLink();
        SharedMemory memory = ofPeer(address, bytes);
        if (memory == null) {
            peersFault();
            throw fault(address, bytes);
        }
        try {
            Window window = new Window(this, memory, memory.mapAgain(address - memory.peerAddress(), bytes), (Meter) meter);
            if (!memory.lend(window)) {
                window.close();
                throw fault(address, bytes);
            }
            return window;
        } catch (LinuxException e) {
            throw new VopException(VopError.EFAULT, bytes + " bytes at 0x" + Long.toHexString(address) + ": " + e.getMessage());
        }
    }

    private SharedMemory ofPeer(long address, long bytes) {
        boolean peers = (role == VopRole.CARD) == (address >= Smpt.BASE);
        SharedMemory memory = bytes < 1 || !peers ? null : link.at(address, bytes);
        return memory == null || memory.forEngine() ? null : memory;
    }

    @Override
    public final Optional<PeerRange> peerRange(long address) {
        return lost ? Optional.empty()
                : Optional.ofNullable(ofPeer(address, 1)).map(memory -> new PeerRange(memory.peerAddress(), memory.size()));
    }

    private static VopException fault(long address, long bytes) {
        return new VopException(VopError.EFAULT, bytes + " bytes at 0x" + Long.toHexString(address)
                + ": expected memory that the other end shares");
    }

    @Override
    public final List<DmaChannel> dmaChannels() {
        return List.copyOf(rings);
    }

    @Override
    public final LinkMeter meter(String device, int queue) {
        return meters.computeIfAbsent(new MeterName(device, queue), _ -> new Meter(link.timing()));
    }

    /** Returns all that was counted, by device and queue. */
    public final List<Counted> counted() {
        return meters.entrySet().stream()
                .map(entry -> new Counted(entry.getKey().device, entry.getKey().queue, entry.getValue()))
                .sorted(Comparator.comparing(Counted::device).thenComparingInt(Counted::queue))
                .toList();
    }

    /** Returns who has a handler at a doorbell. */
    public final List<String> users(int doorbell) {
        return doorbells.users(doorbell);
    }

    /** Returns how often a doorbell was rung. */
    public final long rung(int doorbell) {
        return doorbells.rung(doorbell);
    }

    /** Lets go of the link: what the other end has of this one leads nowhere, what this end has is its users' to close. */
    @Override
    public void close() {
        lose();
        doorbells.close();
        rings.forEach(DmaRing::close);
        link.connect(role, null);
    }
}
