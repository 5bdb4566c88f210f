package io.busbar.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/** {@code 2026-11-20 10:31:02.123 INFO  core.bus.Bus: message}; the stack trace of a failure on further lines. */
final class OneLineFormatter extends Formatter {
    private static final String OURS = "io.busbar.";

    @Override
    public String format(LogRecord line) {
        var text = new StringBuilder(160);
        var time = LocalDateTime.ofInstant(line.getInstant(), ZoneId.systemDefault());
        text.append(time.toLocalDate()).append(' ');
        two(text, time.getHour()).append(':');
        two(text, time.getMinute()).append(':');
        two(text, time.getSecond()).append('.');
        var millis = time.getNano() / 1_000_000;
        text.append(millis / 100).append(millis / 10 % 10).append(millis % 10);
        text.append(' ').append(level(line.getLevel())).append(' ');
        text.append(shortName(line.getLoggerName())).append(": ").append(formatMessage(line)).append('\n');
        if (line.getThrown() != null) {
            var trace = new StringWriter();
            line.getThrown().printStackTrace(new PrintWriter(trace));
            text.append(trace);
        }
        return text.toString();
    }

    private static StringBuilder two(StringBuilder text, int value) {
        return text.append(value / 10).append(value % 10);
    }

    private static String shortName(String logger) {
        return logger.startsWith(OURS) ? logger.substring(OURS.length()) : logger;
    }

    private static String level(Level level) {
        var value = level.intValue();
        if (value >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        if (value >= Level.WARNING.intValue()) {
            return "WARN ";
        }
        return value >= Level.INFO.intValue() ? "INFO " : "DEBUG";
    }
}
