package io.busbar.runtime;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.logging.Filter;
import java.util.logging.LogRecord;

/**
 * Keeps one logger from filling the log, as a client that connects again and again or a guest that breaks its queues in a
 * loop would do: after {@value #MOST_LINES} lines within {@value #WINDOW_SECONDS} s the rest of that time is left out. The
 * last line before says so, the next one after says how many there were.
 */
final class LogLimit implements Filter {
    static final int MOST_LINES = 100;
    static final int WINDOW_SECONDS = 10;

    private static final long WINDOW_NANOS = WINDOW_SECONDS * 1_000_000_000L;

    private final LongSupplier nanoTime;
    private final Map<String, Window> windows = new ConcurrentHashMap<>();

    /** @param nanoTime a clock that only goes forward */
    LogLimit(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** May add a note to the line. */
    @Override
    public boolean isLoggable(LogRecord line) {
        return windows.computeIfAbsent(String.valueOf(line.getLoggerName()), _ -> new Window(nanoTime.getAsLong()))
                .take(line, nanoTime.getAsLong());
    }

    private static final class Window {
        private long start;
        private int lines;

        Window(long start) {
            this.start = start;
        }

        synchronized boolean take(LogRecord line, long now) {
            if (now - start >= WINDOW_NANOS) {
                if (lines > MOST_LINES) {
                    note(line, lines - MOST_LINES + " lines of this logger were left out before");
                }
                start = now;
                lines = 0;
            }
            lines++;
            if (lines == MOST_LINES) {
                note(line, "more lines of this logger are left out for up to " + WINDOW_SECONDS + " s");
            }
            return lines <= MOST_LINES;
        }

        private static void note(LogRecord line, String note) {
            line.setMessage(line.getMessage() + " (" + note + ")");
        }
    }
}
