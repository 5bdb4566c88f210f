package io.busbar.tools.bench.console;

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

/** {@code bench console}: bytes through the console of a Linux guest, and through a pipe to the same program, in turns. */
public final class ConsoleBench {

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private ConsoleBench() {
    }

    /**
     * Runs it. Blocks for a minute or two.
     *
     * @param words the words after {@code bench console}
     * @param out   for the result
     * @param err   for progress and errors
     * @return the exit status: 0; 1 if something failed, a byte was wrong, or {@code --check} found a ratio below its floor; 2 for
     *         a wrong command line
     */
    public static int run(List<String> words, PrintStream out, PrintStream err) {
        if (words.contains("--help")) {
            out.print(ConsoleOptions.USAGE);
            return OK;
        }
        try {
            return measure(ConsoleOptions.parse(words), out, err);
        } catch (UsageException e) {
            err.println("bench console: " + e.getMessage());
            err.print(ConsoleOptions.USAGE);
            return USAGE;
        } catch (IOException e) {
            err.println("bench console: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("bench console: interrupted");
            return FAILED;
        }
    }

    private static int measure(ConsoleOptions options, PrintStream out, PrintStream err) throws IOException, InterruptedException {
        Path initrd = Path.of(variable("BUSBAR_GUEST_INITRD"));
        try (TemporaryFolder folder = TemporaryFolder.create();
                Way guest = GuestWay.start(BusbarServer.home(), initrd, folder.path());
                Way pipe = PipeWay.start(variable("BUSBAR_GUEST_BUSYBOX"))) {
            List<ConsoleResult> results = new ArrayList<>();
            for (Direction direction : Direction.values()) {
                rate(guest, direction, 1);
                rate(pipe, direction, 1);
                results.add(compare(options, direction, List.of(guest, pipe), err));
            }
            return report(results, options, out, err);
        }
    }

    private static String variable(String name) throws IOException {
        String value = System.getenv().getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new IOException(name + " is not set (\"busbar bench console\" sets it)");
        }
        return value;
    }

    private static ConsoleResult compare(ConsoleOptions options, Direction direction, List<Way> ways, PrintStream err) throws IOException {
        double[][] rates = new double[ways.size()][options.pairs()];
        for (int round = 0; round < options.pairs(); round++) {
            for (int turn = 0; turn < ways.size(); turn++) {
                int number = (round + turn) % ways.size();
                rates[number][round] = rate(ways.get(number), direction, options.mib());
                err.println(String.format(Locale.ROOT, "%s: pair %d of %d: %s: %.1f MB/s", direction.title(), round + 1, options.pairs(),
                        ways.get(number).name(), rates[number][round] / 1e6));
            }
        }
        return new ConsoleResult(direction, rates[0], rates[1]);
    }

    private static double rate(Way way, Direction direction, int mib) throws IOException {
        return switch (direction) {
            case FROM_GUEST -> way.take(mib);
            case TO_GUEST -> way.send(mib);
        };
    }

    private static int report(List<ConsoleResult> results, ConsoleOptions options, PrintStream out, PrintStream err) {
        List<String> failures = options.check()
                ? results.stream().map(ConsoleResult::failure).flatMap(Optional::stream).toList()
                : List.of();
        if (options.json()) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("bench", "console");
            tree.put("pairs", options.pairs());
            tree.put("mib", options.mib());
            tree.put("directions", results.stream().map(ConsoleResult::tree).toList());
            tree.put("failures", failures);
            out.println(Json.text(tree));
        } else {
            out.println("bytes through the console of a Linux guest, " + options.mib() + " MiB at a time, medians of " + options.pairs()
                    + " pairs; every byte was right");
            out.println(ConsoleResult.heading());
            results.forEach(result -> out.println(result.line()));
        }
        failures.forEach(failure -> err.println("bench console: " + failure));
        return failures.isEmpty() ? OK : FAILED;
    }
}
