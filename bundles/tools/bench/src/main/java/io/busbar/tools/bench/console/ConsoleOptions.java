package io.busbar.tools.bench.console;

import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import java.util.List;

/**
 * What {@code bench console} was asked for.
 *
 * @param check fail below a floor
 * @param json  print for programs
 * @param pairs how often each way is measured
 * @param mib   size of a measurement, MiB
 */
record ConsoleOptions(boolean check, boolean json, int pairs, int mib) {

    static final String USAGE = """
            usage: bench console [--check] [--json] [--pairs N] [--mib N] [--quick]
              --check     exit with 1 if a ratio is below its floor
              --json      print one JSON object instead of a table
              --pairs N   how often each direction is measured, 7 to 1000 (default 7)
              --mib N     MiB of a measurement, 1 to 1024 (default 16)
              --quick     once, briefly: shows that it works, and nothing about speed
            """;

    private static final int LEAST_PAIRS = 7;

    static ConsoleOptions parse(List<String> words) throws UsageException {
        boolean check = false;
        boolean json = false;
        boolean quick = false;
        int pairs = LEAST_PAIRS;
        int mib = 16;
        for (Arguments arguments = new Arguments(words); arguments.hasNext();) {
            String word = arguments.next();
            switch (word) {
                case "--check" -> check = true;
                case "--json" -> json = true;
                case "--quick" -> quick = true;
                case "--pairs" -> pairs = arguments.whole(word, LEAST_PAIRS, 1000);
                case "--mib" -> mib = arguments.whole(word, 1, 1024);
                default -> throw new UsageException("unknown word \"" + word + "\"");
            }
        }
        if (check && quick) {
            throw new UsageException("--check compares with floors: it does not go with --quick");
        }
        return quick ? new ConsoleOptions(false, json, 1, 1) : new ConsoleOptions(check, json, pairs, mib);
    }
}
