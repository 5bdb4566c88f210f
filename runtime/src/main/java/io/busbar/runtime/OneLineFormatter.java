package io.busbar.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * {@code 2026-11-20 10:31:02.123 INFO  core.bus.Bus: message}; the stack trace of a failure on further lines.
 *
 * <p>A message is one line whatever is in it: file names and words of commands come from others, so control characters
 * but the tab are written as {@code \xNN}, and what is longer than {@value #LONGEST} characters is cut.
 */
final class OneLineFormatter extends Formatter {
    private static final String OURS = "io.busbar.";
    private static final int LONGEST = 4096;

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
        text.append(shortName(line.getLoggerName())).append(": ");
        message(text, formatMessage(line));
        text.append('\n');
        if (line.getThrown() != null) {
            var trace = new StringWriter();
            line.getThrown().printStackTrace(new PrintWriter(trace));
            text.append(trace);
        }
        return text.toString();
    }

    private static void message(StringBuilder text, String message) {
        var end = Math.min(message.length(), LONGEST);
        for (var i = 0; i < end; i++) {
            var c = message.charAt(i);
            if (Character.isISOControl(c) && c != '\t') {
                text.append("\\x").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 0xf, 16));
            } else {
                text.append(c);
            }
        }
        if (end < message.length()) {
            text.append(" ... (").append(message.length() - end).append(" more characters)");
        }
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
