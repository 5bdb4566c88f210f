package io.busbar.drivers.x100.link;

import java.util.concurrent.atomic.AtomicIntegerArray;

/** The registers of BAR 4, as {@link Register} has them. One that is not there reads as 0, and a write to it is nothing. */
final class Mmio {

    private static final int WORDS = Register.BAR_BYTES / Integer.BYTES;
    private static final int ENABLE_AND_OWNER = 2;

    private final PciLink link;
    /** Those that only keep what was written; scratchpads above all. */
    private final AtomicIntegerArray kept = new AtomicIntegerArray(WORDS);

    Mmio(PciLink link) {
        this.link = link;
    }

    int read(int offset) {
        if (offset < 0 || offset >= Register.BAR_BYTES || offset % Integer.BYTES != 0) {
            return 0;
        }
        InterruptUnit interrupts = link.interrupts();
        int smpt = index(offset, Register.SMPT00, Smpt.ENTRIES);
        if (smpt >= 0) {
            return link.smpt().register(smpt);
        }
        int vector = index(offset, Register.MXAR0, Register.VECTORS);
        if (vector >= 0) {
            return interrupts.mask(vector);
        }
        int channel = channel(offset);
        if (channel >= 0) {
            return link.dma(channel).read(offset - Register.dma(channel, 0));
        }
        return switch (offset) {
            case Register.SICR0 -> interrupts.causes();
            case Register.SICE0, Register.SICC0 -> interrupts.enabled();
            case Register.SIAC0 -> interrupts.autoClear();
            case Register.DCR -> channelControl();
            default -> kept.get(offset / Integer.BYTES);
        };
    }

    void write(int offset, int value) {
        if (offset < 0 || offset >= Register.BAR_BYTES || offset % Integer.BYTES != 0) {
            return;
        }
        int smpt = index(offset, Register.SMPT00, Smpt.ENTRIES);
        int vector = index(offset, Register.MXAR0, Register.VECTORS);
        int channel = channel(offset);
        if (smpt >= 0) {
            link.smpt().setRegister(smpt, value);
        } else if (vector >= 0) {
            link.interrupts().setMask(vector, value);
        } else if (channel >= 0) {
            link.dma(channel).write(offset - Register.dma(channel, 0), value);
        } else if (!control(offset, value) && !doorbell(offset, value)) {
            kept.set(offset / Integer.BYTES, value);
        }
    }

    private boolean control(int offset, int value) {
        InterruptUnit interrupts = link.interrupts();
        switch (offset) {
            case Register.RGCR -> {
                if ((value & 1) != 0) {
                    link.reset();
                }
            }
            case Register.SICR0 -> interrupts.clear(value);
            case Register.SICE0 -> interrupts.enable(value);
            case Register.SICC0 -> interrupts.disable(value);
            case Register.SIAC0 -> interrupts.setAutoClear(value);
            case Register.DCR -> setChannelControl(value);
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean doorbell(int offset, int value) {
        int host = index(offset, Register.SDBIC0, Register.HOST_DOORBELLS);
        if (host >= 0) {
            if (value == Register.SDBIC_RING) {
                link.interrupts().raise(host);
            }
            return true;
        }
        int direct = index(offset, Register.RDMASR0, Register.CARD_DOORBELLS - Register.APIC_DOORBELLS);
        if (direct >= 0) {
            link.ringCard(Register.APIC_DOORBELLS + direct);
            return true;
        }
        int apic = offset - Register.APICICR0;
        if (apic < 0 || apic >= Register.APIC_DOORBELLS * Long.BYTES || apic % Long.BYTES != 0) {
            return false;
        }
        if ((value & Register.SEND_ICR) != 0) {
            if (offset == Register.APICICR7 && (value & 0xff) == Register.BOOT_VECTOR) {
                link.bootCard();
            } else {
                link.ringCard(apic / Long.BYTES);
            }
        }
        return true;
    }

    private int channelControl() {
        int value = 0;
        for (int i = 0; i < PciLink.CHANNELS; i++) {
            DmaUnit unit = link.dma(i);
            value |= ((unit.enabled() ? ENABLE_AND_OWNER : 0) | (unit.ofHost() ? 1 : 0)) << ENABLE_AND_OWNER * i;
        }
        return value;
    }

    private void setChannelControl(int value) {
        for (int i = 0; i < PciLink.CHANNELS; i++) {
            int bits = value >>> ENABLE_AND_OWNER * i;
            link.dma(i).enable((bits & ENABLE_AND_OWNER) != 0, (bits & 1) != 0);
        }
    }

    /** What the firmware leaves in the registers when it has started. */
    void reset(int firmware, int postcode) {
        for (int i = 0; i < WORDS; i++) {
            kept.set(i, 0);
        }
        kept.set(Register.spad(Register.SPAD_FIRMWARE) / Integer.BYTES, firmware);
        kept.set(Register.POSTCODE / Integer.BYTES, postcode);
    }

    private static int index(int offset, int first, int count) {
        int index = (offset - first) / Integer.BYTES;
        return offset >= first && index < count ? index : -1;
    }

    private static int channel(int offset) {
        int channel = (offset - Register.DMA0) / Register.DMA_STRIDE;
        return offset >= Register.DMA0 && channel < PciLink.CHANNELS ? channel : -1;
    }
}
