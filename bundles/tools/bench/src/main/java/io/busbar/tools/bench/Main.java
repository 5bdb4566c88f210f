package io.busbar.tools.bench;

import io.busbar.tools.bench.block.BlockBench;
import io.busbar.tools.bench.check.BlockCheck;
import io.busbar.tools.bench.console.ConsoleBench;
import io.busbar.tools.bench.net.NetBench;
import io.busbar.tools.bench.ring.RingBench;
import io.busbar.tools.bench.vop.VopBench;
import java.util.List;

/** The load generators and the built-in check, from a command line. */
public final class Main {

    private static final int USAGE = 2;

    private Main() {
    }

    /**
     * Runs one of them and ends the JVM with its exit status.
     *
     * @param args its name, and its own words
     */
    public static void main(String[] args) {
        System.exit(run(List.of(args)));
    }

    private static int run(List<String> words) {
        String name = words.isEmpty() ? "" : words.getFirst();
        List<String> rest = words.subList(Math.min(1, words.size()), words.size());
        return switch (name) {
            case "block" -> BlockBench.run(rest, System.out, System.err);
            case "ring" -> RingBench.run(rest, System.out, System.err);
            case "net" -> NetBench.run(rest, System.out, System.err);
            case "console" -> ConsoleBench.run(rest, System.out, System.err);
            case "vop" -> VopBench.run(rest, System.out, System.err);
            case "check" -> BlockCheck.run(rest, System.out, System.err);
            default -> {
                System.err.println("bench: \"" + name + "\": expected one of: block, ring, net, console, vop, check");
                yield USAGE;
            }
        };
    }
}
