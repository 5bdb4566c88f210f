package io.busbar.tools.bench.net;

import io.busbar.tools.bench.server.BusbarServer;
import io.busbar.tools.bench.server.Server;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** TCP from a guest to the host, through our tap and through QEMU's own, in turns; both cards are the same guest's. */
final class TapContest {

    private static final String FILES = "BUSBAR_GUEST_MACHINE";

    /** A guest, a device and a receiver share the processors: what they get of them changes more than what two threads do that poll. */
    private static final int LONGER = 3;

    private final NetOptions options;
    private final PrintStream err;

    TapContest(NetOptions options, PrintStream err) {
        this.options = options;
        this.err = err;
    }

    /**
     * Runs it.
     *
     * @param home      of the distribution
     * @param directory for files; its path is short
     */
    TapResult run(Path home, Path directory) throws IOException, InterruptedException {
        for (Tap tap : Tap.values()) {
            tap.make();
        }
        Path own = Files.createDirectory(directory.resolve("tap"));
        try (Server iperf = Server.start("iperf3", List.of("iperf3", "-s", "--forceflush"), Map.of(), directory.resolve("iperf3.log"));
                BusbarServer server = BusbarServer.start(home, own, "{}")) {
            iperf.awaitLine("Server listening");
            Path socket = server.add("net0", List.of("mgmtdev", "sim_net", "backend", "tap", "ifname", Tap.OURS.device()));
            try (TapGuest guest = TapGuest.boot(files(), options.kvm(), socket, Tap.QEMU)) {
                return measure(guest);
            }
        }
    }

    private static Path files() throws IOException {
        String files = System.getenv().getOrDefault(FILES, "");
        if (files.isEmpty()) {
            throw new IOException(FILES + " is not set: expected a folder with a kernel and its initial RAM disk (\"busbar bench net\" sets it)");
        }
        return Path.of(files);
    }

    private TapResult measure(TapGuest guest) throws IOException {
        // Our code is compiled meanwhile, and TCP's state of both paths is the same.
        guest.send(Tap.OURS, seconds(options.firstWarmUp()));
        guest.send(Tap.QEMU, seconds(options.warmUp()));
        Tap[] taps = Tap.values();
        double[][] rates = new double[taps.length][options.pairs()];
        for (int round = 0; round < options.pairs(); round++) {
            for (int turn = 0; turn < taps.length; turn++) {
                Tap tap = taps[(round + turn) % taps.length];
                double rate = guest.send(tap, seconds(LONGER * options.seconds()));
                rates[tap.ordinal()][round] = rate;
                err.println(String.format(Locale.ROOT, "guest to host: pair %d of %d: %s: %.0f Mbit a second", round + 1, options.pairs(),
                        tap.title(), rate / 1e6));
            }
        }
        return new TapResult(rates[Tap.OURS.ordinal()], rates[Tap.QEMU.ordinal()]);
    }

    /** iperf3 counts whole seconds. */
    private static int seconds(double wanted) {
        return Math.max(1, (int) Math.round(wanted));
    }
}
