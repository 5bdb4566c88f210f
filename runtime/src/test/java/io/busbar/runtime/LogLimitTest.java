package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogLimitTest {
    private final AtomicLong now = new AtomicLong(-5);
    private final LogLimit limit = new LogLimit(now::get);

    private static LogRecord line(String logger) {
        var line = new LogRecord(Level.WARNING, "a client was turned away");
        line.setLoggerName(logger);
        return line;
    }

    private int logged(String logger, int lines) {
        var logged = 0;
        for (var i = 0; i < lines; i++) {
            logged += limit.isLoggable(line(logger)) ? 1 : 0;
        }
        return logged;
    }

    @Test
    void aFloodOfOneLoggerIsCutAndOthersAreHeard() {
        assertThat(logged("flood", 100_000)).isEqualTo(100);
        assertThat(logged("other", 100)).isEqualTo(100);
    }

    @Test
    void theLastLineBeforeAndTheFirstOneAfterSayWhatIsLeftOut() {
        logged("flood", 99);
        var last = line("flood");
        assertThat(limit.isLoggable(last)).isTrue();
        assertThat(last.getMessage())
                .isEqualTo("a client was turned away (more lines of this logger are left out for up to 10 s)");
        logged("flood", 1234);
        now.addAndGet(TimeUnit.SECONDS.toNanos(10));
        var next = line("flood");
        assertThat(limit.isLoggable(next)).isTrue();
        assertThat(next.getMessage()).isEqualTo("a client was turned away (1234 lines of this logger were left out before)");
    }

    @Test
    void linesThatComeSlowlyAreAllHeardAsTheyAre() {
        for (var i = 0; i < 1000; i++) {
            var line = line("slow");
            assertThat(limit.isLoggable(line)).isTrue();
            assertThat(line.getMessage()).isEqualTo("a client was turned away");
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(200));
        }
    }
}
