package io.busbar.tools.bench.vop;

import io.busbar.tools.bench.block.DiskContent;
import io.busbar.tools.bench.block.ReadBack;
import io.busbar.tools.bench.block.Workload;
import io.busbar.tools.bench.server.BusbarServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Three disks of one Busbar, with the same backend: one without a card, one over a card, and one over a card whose link adds up times.
 *
 * @param server  who serves them
 * @param direct  without a card
 * @param card    over a card, without the timing model
 * @param counted over another, with it; what crosses its link is counted for this disk alone
 */
record CardDisks(BusbarServer server, Disk direct, Disk card, Disk counted) {

    private static final int MIB = 64;
    private static final int BLOCKS = (MIB << 20) / Workload.BLOCK;
    private static final String CARD = "mic0";
    private static final String COUNTED = "mic1";

    /**
     * A disk.
     *
     * @param name    of the way to it
     * @param socket  where it is served
     * @param content of it
     */
    record Disk(String name, Path socket, DiskContent content) {

        private static Disk of(String name, Path socket) throws IOException {
            DiskContent content = new DiskContent(BLOCKS);
            ReadBack.write(socket, content);
            return new Disk(name, socket, content);
        }
    }

    /**
     * Returns what Busbar is started with.
     *
     * @param threshold {@code dmaThreshold}, bytes
     * @return settings as JSON
     */
    static String settings(int threshold) {
        return """
                {"io.busbar.drivers.x100~%s": {"name": "%s"},
                 "io.busbar.drivers.x100~%s": {"name": "%s", "timing": "model"},
                 "io.busbar.busdrivers.vop": {"dmaThreshold": %d}}
                """.formatted(CARD, CARD, COUNTED, COUNTED, threshold);
    }

    /** Adds them, and writes to all of them. */
    static CardDisks add(BusbarServer server) throws IOException, InterruptedException {
        return new CardDisks(server,
                Disk.of("direct", server.add("direct0", backend())),
                Disk.of("over the card", overCard(server, "card0", CARD)),
                Disk.of("counted", overCard(server, "counted0", COUNTED)));
    }

    private static List<String> backend(String... more) {
        return Stream.concat(
                Stream.of("mgmtdev", "sim_block", "backend", "memory", "size", MIB + "M"), Stream.of(more)).toList();
    }

    private static Path overCard(BusbarServer server, String name, String card) throws IOException, InterruptedException {
        return server.add(name, backend("driver_override", "vop-" + card), card + "/block0.sock");
    }

    /** Returns what {@code x100 link} prints of the card whose link is counted. */
    String link() throws IOException, InterruptedException {
        return server.run(List.of("x100", "link", COUNTED));
    }

    /**
     * Compares every byte with what was written last.
     *
     * @throws IOException if one is wrong
     */
    void verify() throws IOException {
        for (Disk disk : List.of(direct, card, counted)) {
            long wrong = ReadBack.differences(disk.socket(), disk.content());
            if (wrong > 0) {
                throw new IOException("the disk \"" + disk.name() + "\" has " + wrong + " blocks that are not as they were written");
            }
        }
    }
}
