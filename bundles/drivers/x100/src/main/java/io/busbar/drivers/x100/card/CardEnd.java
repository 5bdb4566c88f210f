package io.busbar.drivers.x100.card;

import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.VopError;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopRole;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.drivers.x100.link.DmaDescriptor;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Register;
import io.busbar.drivers.x100.link.RegisterPort;
import java.util.Optional;

/** The card's end: finds the host's device page by the scratchpads. Its registers are its own, so reaching them crosses no link. */
final class CardEnd extends LinkEnd {

    /** Of one transfer. */
    static final long MAX_DMA_BYTES = (1 << 20) - DmaDescriptor.ALIGNMENT;

    private final RegisterPort registers;
    private final LinkWindow page;

    /**
     * Sets the card's side up.
     *
     * @throws VopException EFAULT if the scratchpads lead nowhere, EPROTO if there is no device page
     */
    CardEnd(PciLink link) throws VopException {
        super(link, VopRole.CARD, Register.CARD_DOORBELLS);
        registers = new RegisterPort() {
            @Override
            public int read(int offset) {
                return link.read(offset);
            }

            @Override
            public void write(int offset, int value) {
                link.write(offset, value);
            }
        };
        connect(PciLink.CHANNELS_OF_AN_END, MAX_DMA_BYTES);
        try {
            page = page();
        } catch (VopException e) {
            close();
            throw e;
        }
    }

    private LinkWindow page() throws VopException {
        long address = Integer.toUnsignedLong(registers.read(Register.spad(Register.SPAD_PAGE_LOW)))
                | (long) registers.read(Register.spad(Register.SPAD_PAGE_HIGH)) << Integer.SIZE;
        LinkWindow window = map(address, DevicePage.BYTES, meter("page", -1));
        int magic = window.getInt(0);
        if (magic != BootParam.MAGIC) {
            window.close();
            throw new VopException(VopError.EPROTO, "the device page at 0x" + Long.toHexString(address) + " has the magic number 0x"
                    + Integer.toHexString(magic) + ": expected 0x" + Integer.toHexString(BootParam.MAGIC));
        }
        return window;
    }

    @Override
    protected RegisterPort registers() {
        return registers;
    }

    @Override
    protected void ringPeer(int doorbell) {
        link().write(Register.hostDoorbell(doorbell), Register.SDBIC_RING);
    }

    @Override
    protected int peerDoorbells() {
        return Register.HOST_DOORBELLS;
    }

    @Override
    public void acknowledgeInterrupt(int doorbell) {
        // The APIC has done it.
    }

    @Override
    public Optional<OwnMemory> devicePage() {
        return Optional.empty();
    }

    @Override
    public Optional<LinkWindow> remoteDevicePage() {
        return Optional.of(page);
    }

    @Override
    public void close() {
        super.close();
        if (page != null) {
            page.close();
        }
    }
}
