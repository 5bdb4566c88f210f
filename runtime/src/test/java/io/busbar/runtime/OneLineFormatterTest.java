package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class OneLineFormatterTest {
    private static String format(Level level, String logger, String message, Throwable thrown) {
        var line = new LogRecord(level, message);
        line.setLoggerName(logger);
        line.setThrown(thrown);
        return new OneLineFormatter().format(line);
    }

    @Test
    void aLineHasTimeLevelNameAndMessage() {
        assertThat(format(Level.INFO, "io.busbar.core.bus.Bus", "disk0 is up", null))
                .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO  core\\.bus\\.Bus: disk0 is up\n");
    }

    @Test
    void levelsHaveTheNamesOfSlf4j() {
        assertThat(format(Level.SEVERE, "x", "m", null)).contains(" ERROR x: ");
        assertThat(format(Level.WARNING, "x", "m", null)).contains(" WARN  x: ");
        assertThat(format(Level.FINE, "x", "m", null)).contains(" DEBUG x: ");
    }

    @Test
    void aFailuresTraceFollows() {
        assertThat(format(Level.WARNING, "x", "m", new IllegalStateException("why")))
                .contains("\njava.lang.IllegalStateException: why\n\tat ");
    }

    @Test
    void whatOthersWroteCannotMakeLinesOrMoveTheCursor() {
        assertThat(format(Level.WARNING, "x", "file a\n2026-11-20 INFO forged\u001b[2J\u009b\r:\tnot found", null))
                .endsWith(" x: file a\\x0a2026-11-20 INFO forged\\x1b[2J\\x9b\\x0d:\tnot found\n");
    }

    @Test
    void aMessageWithoutMeasureIsCut() {
        assertThat(format(Level.WARNING, "x", "m".repeat(5000), null)).endsWith("m ... (904 more characters)\n");
    }
}
