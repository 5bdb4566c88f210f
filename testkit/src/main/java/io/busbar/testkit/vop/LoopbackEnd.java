package io.busbar.testkit.vop;

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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** One end of a {@link LoopbackLink}. */
final class LoopbackEnd implements VopDevice, VopHardwareOps {

    private static final int CHANNELS = 4;
    private static final long GRANULE = 4096;

    private final String name;
    private final int node;
    private final VopRole role;
    private final int doorbells;
    private final AtomicLong nextAddress;
    private final AtomicInteger nextDoorbell = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();
    private final List<LoopbackMemory> shared = new CopyOnWriteArrayList<>();
    private final List<LoopbackInterrupt> interrupts = new CopyOnWriteArrayList<>();
    private final Map<String, LoopbackMeter> meters = new ConcurrentHashMap<>();
    /** Memory that was taken away: windows into it may be open, so that it stays mapped until the link ends. */
    private final List<LoopbackMemory> takenAway = new CopyOnWriteArrayList<>();
    /** Of each doorbell, whether it was rung. */
    private final AtomicIntegerArray rung;
    private final LoopbackThread interruptThread;
    private final List<LoopbackChannel> channels;
    private final LoopbackMemory page;
    private LoopbackEnd peer;
    private volatile boolean severed;

    LoopbackEnd(String name, int node, VopRole role, long base, int doorbells) {
        this.name = name;
        this.node = node;
        this.role = role;
        this.doorbells = doorbells;
        nextAddress = new AtomicLong(base);
        rung = new AtomicIntegerArray(doorbells);
        interruptThread = new LoopbackThread("loopback-" + role + "-irq", this::raise);
        channels = IntStream.range(0, CHANNELS).mapToObj(i -> new LoopbackChannel(this, i)).toList();
        page = role == VopRole.HOST ? allocated(LoopbackLink.PAGE_BYTES) : null;
    }

    void connect(LoopbackEnd other) {
        peer = other;
    }

    void sever() {
        severed = true;
    }

    boolean severed() {
        return severed;
    }

    LoopbackEnd peer() {
        return peer;
    }

    int faults() {
        return faults.get();
    }

    void close() {
        interruptThread.close();
        channels.forEach(LoopbackChannel::close);
        shared.forEach(LoopbackMemory::close);
        takenAway.forEach(LoopbackMemory::unmap);
    }

    /** Returns what this end shares at an address, or null: then it is the peer's fault. */
    LoopbackMemory sharedAt(long address, long bytes) {
        for (LoopbackMemory memory : shared) {
            if (memory.holds(address, bytes)) {
                return memory;
            }
        }
        return null;
    }

    int shared() {
        return shared.size();
    }

    void fault() {
        faults.incrementAndGet();
    }

    void forget(LoopbackMemory memory) {
        if (shared.remove(memory)) {
            takenAway.add(memory);
        }
    }

    void forget(LoopbackInterrupt interrupt) {
        interrupts.remove(interrupt);
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
        return doorbells;
    }

    @Override
    public int nextDoorbell() {
        return Math.floorMod(nextDoorbell.getAndIncrement(), doorbells);
    }

    @Override
    public VopInterrupt requestInterrupt(int doorbell, String user, LinkMeter meter, Runnable handler) throws VopException {
        if (doorbell < 0 || doorbell >= doorbells) {
            throw new VopException(VopError.EINVAL, "doorbell " + doorbell + ": expected 0 to " + (doorbells - 1));
        }
        LoopbackInterrupt interrupt = new LoopbackInterrupt(this, doorbell, (LoopbackMeter) meter, handler);
        interrupts.add(interrupt);
        return interrupt;
    }

    @Override
    public void acknowledgeInterrupt(int doorbell) {
        // Nothing is latched here.
    }

    @Override
    public void sendInterrupt(int doorbell, LinkMeter meter) {
        if (doorbell < 0 || doorbell >= peer.doorbells) {
            peer.fault(); // It gave the number.
            return;
        }
        ((LoopbackMeter) meter).doorbell();
        if (!severed) {
            peer.rung(doorbell);
        }
    }

    private void rung(int doorbell) {
        rung.set(doorbell, 1);
        interruptThread.wake();
    }

    /** Calls the handlers of what was rung. */
    private boolean raise() {
        boolean any = false;
        for (int doorbell = 0; doorbell < doorbells; doorbell++) {
            if (rung.getAndSet(doorbell, 0) != 0) {
                any = true;
                raise(doorbell);
            }
        }
        return any;
    }

    private void raise(int doorbell) {
        for (LoopbackInterrupt interrupt : interrupts) {
            if (interrupt.doorbell() == doorbell) {
                interrupt.raise();
            }
        }
    }

    @Override
    public Optional<OwnMemory> devicePage() {
        return Optional.ofNullable(page);
    }

    @Override
    public Optional<LinkWindow> remoteDevicePage() {
        return role == VopRole.HOST ? Optional.empty()
                : Optional.of(new LoopbackWindow(
                        this, peer.page, peer.page.peerAddress(), LoopbackLink.PAGE_BYTES, (LoopbackMeter) meter("page", -1)));
    }

    @Override
    public OwnMemory allocate(String use, long bytes) throws VopException {
        if (bytes < 1) {
            throw new VopException(VopError.EINVAL, bytes + " bytes for " + use + ": expected 1 and up");
        }
        return allocated(bytes);
    }

    private LoopbackMemory allocated(long bytes) {
        long size = bytes + GRANULE - 1 & -GRANULE;
        try {
            Fd file = MemFd.create("loopback", size, false);
            return share(new LoopbackMemory(this, file, Mapping.map(file.number(), 0, size, true), place(size)));
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public OwnMemory attach(MemoryRegion region) {
        return share(new LoopbackMemory(this, region, place(region.size())));
    }

    private LoopbackMemory share(LoopbackMemory memory) {
        shared.add(memory);
        return memory;
    }

    /** With a page that is nobody's behind it, so that what passes its end is outside. */
    private long place(long bytes) {
        return nextAddress.getAndAdd((bytes + GRANULE - 1 & -GRANULE) + GRANULE);
    }

    @Override
    public LinkWindow map(long address, long bytes, LinkMeter meter) throws VopException {
        LoopbackMemory memory = bytes < 1 ? null : peer.sharedAt(address, bytes);
        if (memory == null) {
            peer.fault();
            throw new VopException(VopError.EFAULT, bytes + " bytes at 0x" + Long.toHexString(address)
                    + ": expected memory that the peer shares");
        }
        return new LoopbackWindow(this, memory, address, bytes, (LoopbackMeter) meter);
    }

    @Override
    public Optional<PeerRange> peerRange(long address) {
        return Optional.ofNullable(peer.sharedAt(address, 1)).map(LoopbackMemory::range);
    }

    @Override
    public List<DmaChannel> dmaChannels() {
        return List.copyOf(channels);
    }

    @Override
    public LinkMeter meter(String device, int queue) {
        return meters.computeIfAbsent(device + "/" + queue, _ -> new LoopbackMeter());
    }
}
