package io.busbar.tools.bench.ring;

import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import java.util.List;
import java.util.Locale;

/**
 * What {@code bench ring} was asked for.
 *
 * @param check fail below the floor
 * @param json  print for programs
 * @param forks JVMs per side
 * @param pairs alternating pairs of measurements per fork and length
 */
record RingOptions(boolean check, boolean json, int forks, int pairs) {

    static final String USAGE = String.format(Locale.ROOT, """
            usage: bench ring [--check] [--json] [--forks N] [--pairs N]
              --check    exit with 1 if a rate is below %.2f of C's
              --json     print one JSON object instead of a table
              --forks N  how many JVMs are started for each side, 1 to 1000 (default 7)
              --pairs N  how often Java and C measure in turn, in each JVM for each length, 3 to 1000 (default 15)
            """, RingBench.FLOOR);

    private static final int DEFAULT_FORKS = 7;
    private static final int DEFAULT_PAIRS = 15;
    private static final int LEAST_PAIRS = 3;
    private static final int MOST = 1000;

    static RingOptions parse(List<String> words) throws UsageException {
        boolean check = false;
        boolean json = false;
        int forks = DEFAULT_FORKS;
        int pairs = DEFAULT_PAIRS;
        for (Arguments arguments = new Arguments(words); arguments.hasNext();) {
            String word = arguments.next();
            switch (word) {
                case "--check" -> check = true;
                case "--json" -> json = true;
                case "--forks" -> forks = arguments.whole(word, 1, MOST);
                case "--pairs" -> pairs = arguments.whole(word, LEAST_PAIRS, MOST);
                default -> throw new UsageException("unknown word \"" + word + "\"");
            }
        }
        return new RingOptions(check, json, forks, pairs);
    }
}
