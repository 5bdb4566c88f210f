package io.busbar.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How often a test does what it does: a few times among all tests, often in {@code busbar soak}, which shows what it reports. */
public final class Rounds {

    private static final String ROUNDS = System.getProperty("busbar.soak.rounds", "");
    private static final String REPORT = System.getProperty("busbar.soak.report", "");

    private Rounds() {}

    /** The rounds that were asked for, or so many as are enough among all tests. */
    public static int or(int enough) {
        return ROUNDS.isEmpty() ? enough : Integer.parseInt(ROUNDS);
    }

    /** Prints what came out, and leaves it to {@code busbar soak}. */
    public static void report(String line) {
        System.out.println(line);
        if (!REPORT.isEmpty()) {
            try {
                Files.writeString(Path.of(REPORT), line + "\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
