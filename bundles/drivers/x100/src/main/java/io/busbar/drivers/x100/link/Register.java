package io.busbar.drivers.x100.link;

/**
 * Offsets in the MMIO BAR (BAR 4), and bits in its registers. Most are in the block SBOX, which begins at {@link #SBOX}; all are 32
 * bits wide.
 */
public final class Register {

    /** Bytes of the BAR. */
    public static final int BAR_BYTES = 0x20000;

    /** Two letters that say how far the card's firmware has got. */
    public static final int POSTCODE = 0x242C;

    /** Where the block SBOX begins. */
    public static final int SBOX = 0x10000;

    /** The first of {@link Smpt#ENTRIES} registers of the SMPT. */
    public static final int SMPT00 = SBOX + 0x3100;

    /** Reset: bit 0. */
    public static final int RGCR = SBOX + 0x4010;

    /** Interrupt causes; what is written clears them. */
    public static final int SICR0 = SBOX + 0x9004;

    /** Interrupts that are enabled; what is written enables. */
    public static final int SICE0 = SBOX + 0x900C;

    /** What is written disables. */
    public static final int SICC0 = SBOX + 0x9010;

    /** Causes that are cleared when their message is sent. */
    public static final int SIAC0 = SBOX + 0x9014;

    /** The first of {@link #VECTORS} masks: causes for which a vector's message is sent. */
    public static final int MXAR0 = SBOX + 0x9044;

    /** Pending bits of the stepping A0. */
    public static final int MSIXPBACR = SBOX + 0x9084;

    /** Owners and switches of the DMA channels. */
    public static final int DCR = SBOX + 0xA280;

    /** The first of 8 registers of 64 bits: doorbells of the card, 0 to 7. */
    public static final int APICICR0 = SBOX + 0xA9D0;

    /** The last of those, by which the card is started too. */
    public static final int APICICR7 = SBOX + 0xAA08;

    /** The first of {@link #SCRATCHPADS} registers that mean nothing to the hardware. */
    public static final int SPAD0 = SBOX + 0xAB20;

    /** The first of 8 registers: doorbells of the card, 8 to 15. */
    public static final int RDMASR0 = SBOX + 0xB180;

    /** The first of 4 registers: doorbells of the host. */
    public static final int SDBIC0 = SBOX + 0xCC90;

    /** Registers of the first DMA channel. */
    public static final int DMA0 = 0x1A000;

    /** From one channel's registers to the next. */
    public static final int DMA_STRIDE = 0x40;

    /** Scratchpads. */
    public static final int SCRATCHPADS = 16;

    /** Vectors of MSI-X: a doorbell or a DMA channel of the host has one each, and errors. */
    public static final int VECTORS = 9;

    /** Doorbells that the host has. */
    public static final int HOST_DOORBELLS = 4;

    /** Doorbells that the card has. */
    public static final int CARD_DOORBELLS = 16;

    /** Doorbells of the card that are an interrupt of its APIC; the rest is RDMASR. */
    public static final int APIC_DOORBELLS = 8;

    /** In APICICR: send it. */
    public static final int SEND_ICR = 1 << 13;

    /** In APICICR7: the vector that starts the card's system. */
    public static final int BOOT_VECTOR = 229;

    /** In SDBIC: ring. */
    public static final int SDBIC_RING = 0x8000_0000;

    /** The source of the host's first DMA channel in SICR0; doorbells are bits 0 to 3. */
    public static final int DMA_SOURCE = 8;

    /** The source "error" in SICR0. */
    public static final int ERROR_SOURCE = 30;

    /** The scratchpad of the card's firmware. */
    public static final int SPAD_FIRMWARE = 2;

    /** The scratchpad with the low half of the device page's address. */
    public static final int SPAD_PAGE_LOW = 14;

    /** The scratchpad with the high half of it. */
    public static final int SPAD_PAGE_HIGH = 15;

    /** In scratchpad 2: the card can be started. */
    public static final int FIRMWARE_READY = 1;

    private Register() {
    }

    /** Returns the offset of a scratchpad, 0 to 15. */
    public static int spad(int number) {
        return SPAD0 + Integer.BYTES * number;
    }

    /** Returns the register by which the host rings a doorbell of the card, 0 to 15. */
    public static int cardDoorbell(int doorbell) {
        return doorbell < APIC_DOORBELLS
                ? APICICR0 + Long.BYTES * doorbell
                : RDMASR0 + Integer.BYTES * (doorbell - APIC_DOORBELLS);
    }

    /** Returns the number of the card's interrupt for a doorbell, 0 to 15. */
    public static int cardInterrupt(int doorbell) {
        return doorbell < APIC_DOORBELLS ? 26 + doorbell : 17 + doorbell - APIC_DOORBELLS;
    }

    /** Returns the register by which the card rings a doorbell of the host, 0 to 3. */
    public static int hostDoorbell(int doorbell) {
        return SDBIC0 + Integer.BYTES * doorbell;
    }

    /**
     * Returns a register of a DMA channel.
     *
     * @param channel  0 to 7
     * @param register of {@link DmaUnit}
     */
    public static int dma(int channel, int register) {
        return DMA0 + DMA_STRIDE * channel + register;
    }
}
