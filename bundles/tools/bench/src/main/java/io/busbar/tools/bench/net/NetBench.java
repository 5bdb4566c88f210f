package io.busbar.tools.bench.net;

import io.busbar.tools.bench.Json;
import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.server.BusbarServer;
import io.busbar.tools.bench.server.TemporaryFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code bench net}: DPDK's driver sends frames to our device and to DPDK's own, which both send them back; one processor polls in
 * the driver and one in the device, and the two devices take turns. And TCP from a guest to the host, through our tap and QEMU's own.
 */
public final class NetBench {

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int PROCESSORS = 2;

    private NetBench() {
    }

    /**
     * Runs it. Blocks for some minutes.
     *
     * @param words the words after {@code bench net}
     * @param out   for the result
     * @param err   for progress and errors
     * @return the exit status: 0; 1 if something failed, a frame was lost, or {@code --check} found a ratio below its floor; 2 for
     *         a wrong command line
     */
    public static int run(List<String> words, PrintStream out, PrintStream err) {
        if (words.contains("--help")) {
            out.print(NetOptions.USAGE);
            return OK;
        }
        try {
            return measure(NetOptions.parse(words), out, err);
        } catch (UsageException e) {
            err.println("bench net: " + e.getMessage());
            err.print(NetOptions.USAGE);
            return USAGE;
        } catch (IOException e) {
            err.println("bench net: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("bench net: interrupted");
            return FAILED;
        }
    }

    private static int measure(NetOptions options, PrintStream out, PrintStream err) throws IOException, InterruptedException {
        if (Runtime.getRuntime().availableProcessors() < PROCESSORS) {
            throw new IOException("there is one processor: expected one for the driver or the guest, and one for the device");
        }
        Path home = BusbarServer.home();
        List<NetResult> results = List.of();
        Optional<TapResult> tap = Optional.empty();
        try (TemporaryFolder folder = TemporaryFolder.create()) {
            if (!options.sizes().isEmpty()) {
                results = compare(options, home, folder.path(), err);
            }
            if (options.tap()) {
                tap = Optional.of(new TapContest(options, err).run(home, folder.path()));
            }
        }
        return report(results, tap, options, out, err);
    }

    private static List<NetResult> compare(NetOptions options, Path home, Path directory, PrintStream err)
            throws IOException, InterruptedException {
        FrameDriver driver = new FrameDriver(DpdkProgram.compile("frame_driver", directory));
        DpdkProgram loop = DpdkProgram.compile("vhost_loop", directory);
        try (FrameServer ours = BusbarLoopback.start(home, directory); FrameServer peer = new DpdkVhost(loop, directory.resolve("dpdk.sock"))) {
            // Its code is compiled meanwhile; the peer's is.
            driver.rate(ours.begin(), FrameSize.SHORT, options.firstWarmUp(), options.warmUp());
            List<NetResult> results = new ArrayList<>();
            for (FrameSize size : options.sizes()) {
                results.add(compare(options, driver, size, List.of(ours, peer), err));
            }
            return results;
        }
    }

    private static NetResult compare(NetOptions options, FrameDriver driver, FrameSize size, List<FrameServer> servers, PrintStream err)
            throws IOException, InterruptedException {
        double[][] rates = new double[servers.size()][options.pairs()];
        for (int round = 0; round < options.pairs(); round++) {
            for (int turn = 0; turn < servers.size(); turn++) {
                int number = (round + turn) % servers.size();
                FrameServer server = servers.get(number);
                Path socket = server.begin();
                try {
                    rates[number][round] = driver.rate(socket, size, options.warmUp(), options.seconds());
                } finally {
                    server.pause();
                }
                err.println(String.format(Locale.ROOT, "%s bytes: pair %d of %d: %s: %.0f frames a second", size.key(), round + 1,
                        options.pairs(), server.name(), rates[number][round]));
            }
        }
        return new NetResult(size, rates[0], rates[1]);
    }

    private static int report(
            List<NetResult> results, Optional<TapResult> tap, NetOptions options, PrintStream out, PrintStream err) {
        List<String> failures = options.check()
                ? Stream.concat(results.stream().map(NetResult::failure), tap.map(TapResult::failure).stream())
                        .flatMap(Optional::stream).toList()
                : List.of();
        if (options.json()) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("bench", "net");
            tree.put("pairs", options.pairs());
            tree.put("sizes", results.stream().map(NetResult::tree).toList());
            tap.ifPresent(result -> tree.put("tap", result.tree()));
            tree.put("failures", failures);
            out.println(Json.text(tree));
        } else {
            print(results, tap, options, out);
        }
        failures.forEach(failure -> err.println("bench net: " + failure));
        return failures.isEmpty() ? OK : FAILED;
    }

    private static void print(List<NetResult> results, Optional<TapResult> tap, NetOptions options, PrintStream out) {
        if (!results.isEmpty()) {
            out.println("frames to a device and back, each way, medians of " + options.pairs() + " pairs; none was lost");
            out.println(NetResult.heading());
            results.forEach(result -> out.println(result.line()));
        }
        tap.ifPresent(result -> {
            out.println(TapResult.heading());
            out.println(result.line());
        });
    }
}
