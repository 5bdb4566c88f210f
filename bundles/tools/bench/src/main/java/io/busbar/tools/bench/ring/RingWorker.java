package io.busbar.tools.bench.ring;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** What runs in the JVM of a {@link RingFork}. */
final class RingWorker {

    /** Rounds of all queues and lengths before the first measurement. */
    private static final int WARM_UP_ROUNDS = 4;
    private static final long WARM_UP_NANOS = 30_000_000;
    private static final long NANOS_PER_MICRO = 1_000;

    private RingWorker() {
    }

    /**
     * Answers questions from standard input.
     *
     * @param args {@code device} or {@code both}
     */
    public static void main(String[] args) throws IOException {
        try (RingWorkload workload = new RingWorkload(Sides.valueOf(args[0].toUpperCase(Locale.ROOT)))) {
            warmUp(workload);
            answer(workload, new InputStreamReader(System.in, StandardCharsets.US_ASCII), System.out);
        }
    }

    /**
     * Lets the code be compiled. A thread that serves queues serves several, each with a class of its own: other queues
     * work here too, so that the code around them knows of more than one, as in use.
     */
    private static void warmUp(RingWorkload workload) {
        try (RingWorkload second = new RingWorkload(Sides.DEVICE); RingWorkload third = new RingWorkload(Sides.DEVICE)) {
            for (int i = 0; i < WARM_UP_ROUNDS * RingWorkload.MAX_CHAIN; i++) {
                for (RingWorkload queue : List.of(second, third, workload)) {
                    queue.measure(1 + i % RingWorkload.MAX_CHAIN, WARM_UP_NANOS);
                }
            }
        }
    }

    /**
     * Answers questions until there are no more.
     *
     * @param workload  which works
     * @param questions lines
     * @param answers   lines, each at once
     */
    static void answer(RingWorkload workload, Reader questions, PrintStream answers) throws IOException {
        BufferedReader lines = new BufferedReader(questions);
        answers.println(RingFork.READY);
        answers.flush();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            long nanos = Long.parseLong(words[1]) * NANOS_PER_MICRO;
            answers.println(String.format(Locale.ROOT, "%.4f", workload.measure(Integer.parseInt(words[0]), nanos)));
            answers.flush();
        }
    }
}
