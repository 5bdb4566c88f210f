package io.busbar.drivers.x100;

import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.VopRole;
import io.busbar.drivers.x100.link.DmaUnit;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Register;
import io.busbar.drivers.x100.link.Smpt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Tables of one card. */
final class X100Report {

    private static final int FIRST_OF_CARD = PciLink.CHANNELS_OF_AN_END;

    private final PciLink link;

    X100Report(PciLink link) {
        this.link = link;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private Optional<LinkEnd> end(VopRole role) {
        return link.ends().stream().filter(end -> end.role() == role).findFirst();
    }

    Row card() {
        LinkSettings settings = link.settings();
        return new Row().with("name", link.name()).with("node", settings.node()).with("memory_mib", settings.memoryMib())
                .with("timing", word(settings.timing().mode()))
                .with("state", !link.up() ? "down" : link.booted() ? "running" : "ready")
                .with("host", end(VopRole.HOST).isPresent()).with("card", end(VopRole.CARD).isPresent())
                .with("host_faults", link.faults(VopRole.HOST)).with("card_faults", link.faults(VopRole.CARD));
    }

    /** What crossed the link, a row for each queue at each end. */
    List<Row> counters() {
        List<Row> rows = new ArrayList<>();
        for (LinkEnd end : link.ends()) {
            for (LinkEnd.Counted counted : end.counted()) {
                LinkCounters counts = counted.meter().read();
                rows.add(new Row().with("end", word(end.role())).with("device", counted.device())
                        .with("queue", counted.queue() < 0 ? "-" : Integer.toString(counted.queue()))
                        .with("posted", counts.postedWrites()).with("posted_bytes", counts.postedBytes())
                        .with("reads", counts.nonPostedReads()).with("read_bytes", counts.nonPostedBytes())
                        .with("doorbells", counts.doorbells()).with("interrupts", counts.interrupts())
                        .with("dma", counts.dmaDescriptors()).with("dma_bytes", counts.dmaBytes())
                        .with("nanos", counts.nanos()));
            }
        }
        return rows;
    }

    List<Row> doorbells() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < Register.HOST_DOORBELLS; i++) {
            rows.add(doorbell(VopRole.HOST, i, "SDBIC" + i, Register.hostDoorbell(i), "vector " + i));
        }
        for (int i = 0; i < Register.CARD_DOORBELLS; i++) {
            String register = i < Register.APIC_DOORBELLS ? "APICICR" + i : "RDMASR" + (i - Register.APIC_DOORBELLS);
            rows.add(doorbell(VopRole.CARD, i, register, Register.cardDoorbell(i), "irq " + Register.cardInterrupt(i)));
        }
        return rows;
    }

    private Row doorbell(VopRole role, int number, String register, int offset, String interrupt) {
        Optional<LinkEnd> end = end(role);
        return new Row().with("of", word(role)).with("doorbell", number).with("register", register).with("offset", hex(offset))
                .with("interrupt", interrupt).with("rung", end.map(one -> one.rung(number)).orElse(0L))
                .with("users", String.join(" ", end.map(one -> one.users(number)).orElse(List.of())));
    }

    /** Windows through which something is mapped. */
    List<Row> smpt() {
        List<Row> rows = new ArrayList<>();
        long[] referenced = link.smpt().referenced();
        for (int i = 0; i < Smpt.ENTRIES; i++) {
            int register = link.smpt().register(i);
            if (referenced[i] != 0) {
                rows.add(new Row().with("entry", i).with("register", hex(register))
                        .with("host", hex((long) (register >>> 2) << Smpt.PAGE_SHIFT))
                        .with("card", hex(Smpt.BASE + i * Smpt.PAGE)).with("mapped_bytes", referenced[i]));
            }
        }
        return rows;
    }

    List<Row> dma() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < PciLink.CHANNELS; i++) {
            DmaUnit.State state = link.channel(i);
            rows.add(new Row().with("channel", i).with("owner", i < FIRST_OF_CARD ? "host" : "card").with("enabled", state.enabled())
                    .with("ring", hex(state.ring())).with("size", state.size()).with("head", state.head()).with("tail", state.tail())
                    .with("errors", hex(state.errors())).with("descriptors", state.descriptors()).with("bytes", state.bytes()));
        }
        return rows;
    }

    /**
     * Returns the device page.
     *
     * @throws IllegalArgumentException if what is there is none
     */
    Optional<PageFields> page() {
        return link.page().map(PageFields::new);
    }
}
