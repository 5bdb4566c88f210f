package io.busbar.tools.bench.net;

import io.busbar.tools.bench.Arguments;
import io.busbar.tools.bench.UsageException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What {@code bench net} was asked for.
 *
 * @param check   fail below a floor
 * @param json    print for programs
 * @param pairs   how often each size is measured on each side
 * @param sizes   which
 * @param tap     whether TCP from a guest through taps is measured too
 * @param kvm     whether the host's processors run that guest
 * @param firstWarmUp of Busbar, before all, seconds
 * @param warmUp  before each measurement, seconds
 * @param seconds length of a measurement
 */
record NetOptions(boolean check, boolean json, int pairs, Set<FrameSize> sizes, boolean tap, boolean kvm, double firstWarmUp,
        double warmUp, double seconds) {

    private static final String TAP = "tap";

    static final String USAGE = """
            usage: bench net [--check] [--json] [--only WHAT]... [--pairs N] [--seconds S] [--kvm] [--quick]
              --check        exit with 1 if a ratio is below its floor
              --json         print one JSON object instead of a table
              --only WHAT    one of %s: bytes of a frame, or TCP from a guest to the host through taps
              --pairs N      how often each is measured on each side, 9 to 1000 (default 9)
              --seconds S    length of a measurement, 0.1 to 3600 (default 1); three times that with tap
              --kvm          the guest runs on the host's processors; else QEMU translates, as KVM is not everywhere
              --quick        once, briefly: shows that it works, and nothing about speed
            """.formatted(keys());

    private static final int LEAST_PAIRS = 9;
    private static final int MOST_PAIRS = 1000;
    private static final double FIRST_WARM_UP = 5;
    private static final double WARM_UP = 2;
    private static final double QUICK = 0.2;

    static NetOptions parse(List<String> words) throws UsageException {
        boolean check = false;
        boolean json = false;
        boolean quick = false;
        boolean tap = false;
        boolean kvm = false;
        int pairs = LEAST_PAIRS;
        double seconds = 1;
        Set<FrameSize> sizes = EnumSet.noneOf(FrameSize.class);
        for (Arguments arguments = new Arguments(words); arguments.hasNext();) {
            String word = arguments.next();
            switch (word) {
                case "--check" -> check = true;
                case "--json" -> json = true;
                case "--quick" -> quick = true;
                case "--kvm" -> kvm = true;
                case "--only" -> {
                    String what = arguments.value(word);
                    if (what.equals(TAP)) {
                        tap = true;
                    } else {
                        sizes.add(size(what));
                    }
                }
                case "--pairs" -> pairs = arguments.whole(word, LEAST_PAIRS, MOST_PAIRS);
                case "--seconds" -> seconds = arguments.number(word, 0.1, 3600);
                default -> throw new UsageException("unknown word \"" + word + "\"");
            }
        }
        if (check && quick) {
            throw new UsageException("--check compares with floors: it does not go with --quick");
        }
        if (sizes.isEmpty() && !tap) {
            sizes = EnumSet.allOf(FrameSize.class);
            tap = true;
        }
        return quick
                ? new NetOptions(false, json, 1, sizes, tap, kvm, QUICK, QUICK, QUICK)
                : new NetOptions(check, json, pairs, sizes, tap, kvm, FIRST_WARM_UP, WARM_UP, seconds);
    }

    private static FrameSize size(String key) throws UsageException {
        return Arrays.stream(FrameSize.values())
                .filter(size -> size.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new UsageException("--only " + key + ": expected one of " + keys()));
    }

    private static String keys() {
        return Arrays.stream(FrameSize.values()).map(FrameSize::key).collect(Collectors.joining(", ", "", ", " + TAP));
    }
}
