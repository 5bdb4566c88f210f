package io.busbar.drivers.x100.host;

import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Register;
import io.busbar.drivers.x100.link.RegisterPort;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** The host's end: owns the device page, and reaches the card's memory through the aperture and its registers over the link. */
final class HostEnd extends LinkEnd {

    /** Of one transfer. */
    static final long MAX_DMA_BYTES = 512 << 10;

    /** Doorbells, the DMA channels of the host, errors. */
    private static final int SOURCES = 0b1111 | 0b1111 << Register.DMA_SOURCE | 1 << Register.ERROR_SOURCE;

    private final RegisterPort registers;
    private final LinkMeter counted;
    private final OwnMemory page;

    /**
     * Sets the host's side of a card up.
     *
     * @throws VopException if there is no memory for it
     */
    HostEnd(PciLink link) throws VopException {
        super(link, VopRole.HOST, Register.HOST_DOORBELLS);
        counted = meter(LINK, -1);
        registers = new RegisterPort() {
            @Override
            public int read(int offset) {
                counted.nonPosted(1, Integer.BYTES);
                return link.read(offset);
            }

            @Override
            public void write(int offset, int value) {
                counted.posted(1, Integer.BYTES);
                link.write(offset, value);
            }
        };
        link.smpt().restore();
        connect(0, MAX_DMA_BYTES);
        try {
            page = allocate("device page", DevicePage.BYTES);
        } catch (VopException e) {
            close();
            throw e;
        }
        MemorySegment.copy(BootParam.initial(node()).encode(), 0, page.segment(), ValueLayout.JAVA_BYTE, 0, BootParam.BYTES);
        enableInterrupts();
    }

    /** Each source has a vector of its own; who shares a doorbell shares its vector. */
    private void enableInterrupts() {
        int vector = 0;
        for (int source = 0; source < Integer.SIZE; source++) {
            if ((SOURCES & 1 << source) != 0) {
                registers.write(Register.MXAR0 + Integer.BYTES * vector++, 1 << source);
            }
        }
        registers.write(Register.SIAC0, SOURCES);
        registers.write(Register.SICE0, SOURCES);
    }

    /** Tells the card where the page is, and starts its system. */
    void startCard() {
        registers.write(Register.spad(Register.SPAD_PAGE_LOW), (int) page.peerAddress());
        registers.write(Register.spad(Register.SPAD_PAGE_HIGH), (int) (page.peerAddress() >>> Integer.SIZE));
        registers.write(Register.APICICR7, Register.BOOT_VECTOR | Register.SEND_ICR);
    }

    /** Resets the card: its system is over, and so is this end. */
    void resetCard() {
        registers.write(Register.spad(Register.SPAD_FIRMWARE), 0);
        registers.write(Register.RGCR, 1);
    }

    @Override
    protected RegisterPort registers() {
        return registers;
    }

    /** Linux reads the register first, to keep its other bits; what is written here is all that they are. */
    @Override
    protected void ringPeer(int doorbell) {
        link().write(Register.cardDoorbell(doorbell), doorbell < Register.APIC_DOORBELLS ? Register.SEND_ICR : 0);
    }

    @Override
    protected int peerDoorbells() {
        return Register.CARD_DOORBELLS;
    }

    /** As it was before, for a cause that came while it was off. */
    @Override
    public void acknowledgeInterrupt(int doorbell) {
        link().write(Register.SICE0, 1 << doorbell);
    }

    @Override
    public Optional<OwnMemory> devicePage() {
        return Optional.of(page);
    }

    @Override
    public Optional<LinkWindow> remoteDevicePage() {
        return Optional.empty();
    }

    @Override
    public void close() {
        super.close();
        if (page != null) {
            page.close();
        }
    }
}
