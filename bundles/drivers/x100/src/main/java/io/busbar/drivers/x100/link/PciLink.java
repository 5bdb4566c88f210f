package io.busbar.drivers.x100.link;

import io.busbar.api.vop.VopRole;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A card in its slot: memory, registers, SMPT, DMA engine and interrupts, and the two ends that use them. Neither end knows the
 * other.
 *
 * <pre>
 *  addresses of the card
 *   0x0_0010_0000  memory of its own, as much as is configured
 *        behind it memory of guests that run on it
 *   0x8_007C_0000  (its registers)
 *  0x80_0000_0000  memory of the host: 32 windows of the SMPT
 * </pre>
 */
public final class PciLink implements AutoCloseable {

    /** DMA channels: the first half is the host's, the other the card's. */
    public static final int CHANNELS = 8;

    /** DMA channels of one end. */
    public static final int CHANNELS_OF_AN_END = 4;

    /** Where the card's registers begin in its own addresses: memory ends before. */
    public static final long CARD_REGISTERS = 0x8_007C_0000L;

    /** The PCI revision that the card has: stepping C0. */
    public static final int REVISION = 0x20;

    /** Where the card's firmware wants to have its system. */
    private static final int LOAD_ADDRESS = 64 << 20;

    /** "FF": the firmware is done. */
    private static final int POSTCODE = 'F' << Byte.SIZE | 'F';

    private static final long CARD_FIRST = 1 << 20;
    private static final long HOST_FIRST = 1L << 32;
    private static final long HOST_END = 1L << 40;

    private final LinkSettings settings;
    private final Smpt smpt = new Smpt();
    private final Mmio mmio = new Mmio(this);
    private final InterruptUnit interrupts = new InterruptUnit();
    private final List<DmaUnit> dma;
    private final MemoryTable hostMemory = new MemoryTable();
    private final MemoryTable cardMemory = new MemoryTable();
    private final AddressSpace hostAddresses = new AddressSpace(HOST_FIRST, HOST_END);
    private final AddressSpace cardAddresses;
    private final AddressSpace guestAddresses;
    private final AtomicLong hostFaults = new AtomicLong();
    private final AtomicLong cardFaults = new AtomicLong();
    private volatile LinkEnd host;
    private volatile LinkEnd card;
    private volatile boolean down;
    private CardSystem system;
    private boolean booted;

    /**
     * Puts a card into its slot; its firmware has run.
     *
     * @param settings what it is like
     */
    public PciLink(LinkSettings settings) {
        this.settings = settings;
        cardAddresses = new AddressSpace(CARD_FIRST, CARD_FIRST + settings.memoryBytes());
        guestAddresses = new AddressSpace(CARD_FIRST + settings.memoryBytes(), CARD_REGISTERS);
        dma = IntStream.range(0, CHANNELS).mapToObj(i -> new DmaUnit(this, i)).toList();
        firmware();
    }

    private void firmware() {
        mmio.reset(Register.FIRMWARE_READY | LOAD_ADDRESS, POSTCODE);
    }

    /** Returns the card's name. */
    public String name() {
        return settings.name();
    }

    /** Returns what it is like. */
    public LinkSettings settings() {
        return settings;
    }

    /** Returns how long what crosses the link takes. */
    Timing timing() {
        return settings.timing();
    }

    /** Returns the page table through which the card sees the host's memory. */
    public Smpt smpt() {
        return smpt;
    }

    InterruptUnit interrupts() {
        return interrupts;
    }

    DmaUnit dma(int channel) {
        return dma.get(channel);
    }

    /** Returns the state of a channel of the DMA engine, 0 to 7. */
    public DmaUnit.State channel(int number) {
        return dma.get(number).state();
    }

    /**
     * Reads a register of BAR 4; ones in all bits when the link is down.
     *
     * @param offset of {@link Register}
     */
    public int read(int offset) {
        return down ? -1 : mmio.read(offset);
    }

    /**
     * Writes a register of BAR 4.
     *
     * @param offset of {@link Register}
     * @param value  what
     */
    public void write(int offset, int value) {
        if (!down) {
            mmio.write(offset, value);
        }
    }

    /** Says what runs on the card, or with null that nothing does; started at once if the host has started it before. */
    public void install(CardSystem next) {
        CardSystem before;
        boolean start;
        synchronized (this) {
            before = system;
            system = next;
            start = booted;
        }
        if (before != null) {
            before.end();
        }
        if (next != null && start) {
            next.boot();
        }
    }

    void bootCard() {
        CardSystem started;
        synchronized (this) {
            if (booted) {
                return;
            }
            booted = true;
            started = system;
        }
        if (started != null) {
            started.boot();
        }
    }

    /** Returns whether the host has started the card. */
    public synchronized boolean booted() {
        return booted;
    }

    /** As the reset register: what runs on the card is over, its memory is nobody's, its firmware runs again. */
    void reset() {
        CardSystem over;
        synchronized (this) {
            booted = false;
            over = system;
        }
        dma.forEach(DmaUnit::reset);
        lose();
        if (over != null) {
            over.end();
        }
        interrupts.reset();
        smpt.restore();
        firmware();
    }

    private void lose() {
        for (LinkEnd end : ends()) {
            end.lose();
        }
    }

    /** The link breaks: nothing reaches the other end any more, and neither end is told. */
    public void breakDown() {
        down = true;
        dma.forEach(DmaUnit::reset);
        lose();
    }

    /** Returns whether anything crosses. */
    public boolean up() {
        return !down;
    }

    void ringCard(int doorbell) {
        LinkEnd end = card;
        if (end != null) {
            end.doorbellsOfThisEnd().ring(doorbell);
        }
    }

    void interruptHost(int vector) {
        LinkEnd end = host;
        if (end == null) {
            return;
        }
        if (vector < Register.HOST_DOORBELLS) {
            end.doorbellsOfThisEnd().ring(vector);
        } else if (vector < Register.HOST_DOORBELLS + CHANNELS_OF_AN_END) {
            end.ring(vector - Register.HOST_DOORBELLS).interrupt();
        } else {
            end.errorsOfDma();
        }
    }

    /** A channel has come to a status with an interrupt. */
    void dmaDone(int channel, boolean ofHost, boolean masked) {
        // Once: a reset may take the end away meanwhile.
        LinkEnd end = card;
        if (masked) {
            return;
        }
        if (ofHost) {
            interrupts.raise(Register.DMA_SOURCE + channel);
        } else if (end != null && channel >= CHANNELS_OF_AN_END) {
            end.ring(channel - CHANNELS_OF_AN_END).interrupt();
        }
    }

    /** A channel has stopped with an error. */
    void dmaFailed(int channel, boolean ofHost) {
        LinkEnd end = card;
        if (ofHost) {
            interrupts.raise(Register.ERROR_SOURCE);
        } else if (end != null) {
            end.errorsOfDma();
        }
    }

    /** An end is there, or with null it is not any more. */
    void connect(VopRole role, LinkEnd end) {
        if (role == VopRole.HOST) {
            host = end;
            interrupts.deliverTo(this::interruptHost);
        } else {
            card = end;
        }
    }

    /** Returns the ends that are there. */
    public List<LinkEnd> ends() {
        return Stream.of(Optional.ofNullable(host), Optional.ofNullable(card)).flatMap(Optional::stream).toList();
    }

    MemoryTable memoryOf(VopRole role) {
        return role == VopRole.HOST ? hostMemory : cardMemory;
    }

    AddressSpace addresses(VopRole role, boolean guests) {
        return role == VopRole.HOST ? hostAddresses : guests ? guestAddresses : cardAddresses;
    }

    /**
     * Returns what is at an address of the card.
     *
     * @param address of the card
     * @param bytes   1 and up
     * @return what holds all of it, or null
     */
    SharedMemory at(long address, long bytes) {
        SharedMemory memory = address < Smpt.BASE ? cardMemory.find(address, bytes) : hostMemoryAt(address, bytes);
        return memory == null || memory.revoked() ? null : memory;
    }

    private SharedMemory hostMemoryAt(long address, long bytes) {
        long hostAddress = smpt.translate(address, bytes);
        return hostAddress == Smpt.FAULT ? null : hostMemory.find(hostAddress, bytes);
    }

    /** Waits until the DMA engine is at no descriptor that was begun before. */
    void settleDma() {
        dma.forEach(DmaUnit::settle);
    }

    void fault(VopRole role) {
        (role == VopRole.HOST ? hostFaults : cardFaults).getAndIncrement();
    }

    /** Returns how often an end gave the other an address or doorbell that is none. */
    public long faults(VopRole role) {
        return (role == VopRole.HOST ? hostFaults : cardFaults).get();
    }

    /** Returns what an end shares. */
    public List<SharedMemory> shared(VopRole role) {
        return memoryOf(role).all();
    }

    /** Returns a copy of the device page to which the scratchpads point; empty if they point to none. */
    public Optional<byte[]> page() {
        long address = Integer.toUnsignedLong(mmio.read(Register.spad(Register.SPAD_PAGE_LOW)))
                | (long) mmio.read(Register.spad(Register.SPAD_PAGE_HIGH)) << Integer.SIZE;
        SharedMemory memory = at(address, AddressSpace.GRANULE);
        if (memory == null) {
            return Optional.empty();
        }
        MemorySegment page = memory.segment().asSlice(address - memory.peerAddress(), AddressSpace.GRANULE);
        return Optional.of(page.toArray(ValueLayout.JAVA_BYTE));
    }

    /** Pulls the card. */
    @Override
    public void close() {
        install(null);
        breakDown();
        dma.forEach(DmaUnit::close);
    }
}
