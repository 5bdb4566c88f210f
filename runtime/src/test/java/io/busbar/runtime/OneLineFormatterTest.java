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
}
