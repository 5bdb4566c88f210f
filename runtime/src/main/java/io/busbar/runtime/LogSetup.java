package io.busbar.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.util.logging.ConsoleHandler;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/** Where log lines go, and which: warnings of everybody, state changes of our own. */
final class LogSetup {
    private static final int FILE_BYTES = 1 << 20;
    private static final int FILES = 4;

    /** Loggers whose level was set: the log manager holds them weakly, and a collected one forgets its level. */
    private static Logger ours;

    private LogSetup() {}

    /** To be called before anything logs: names the log manager that goes on while the process ends. */
    static void claimLogManager() {
        System.setProperty("java.util.logging.manager", LastingLogManager.class.getName());
        // Read in place of the JDK's logging.properties, whose console handler is not wanted.
        System.setProperty("java.util.logging.config.class", Nothing.class.getName());
    }

    /** Log lines to standard error. */
    static void toConsole() {
        install(new ConsoleHandler());
    }

    /** Log lines to {@code busbar.0.log} in a directory; older ones in files with higher numbers. */
    static void toFiles(Path directory) throws UsageException, IOException {
        WritableDirectory.require(
                "the log directory", directory, "expected one that can be written to: choose another state by BUSBAR_STATE_DIR");
        // '%' starts a placeholder in a FileHandler's pattern.
        var pattern = directory.toString().replace("%", "%%") + "/busbar.%g.log";
        install(new FileHandler(pattern, FILE_BYTES, FILES, true));
    }

    private static void install(Handler handler) {
        handler.setFormatter(new OneLineFormatter());
        handler.setFilter(new LogLimit(System::nanoTime));
        handler.setLevel(Level.ALL);
        var root = LogManager.getLogManager().getLogger("");
        root.setLevel(Level.WARNING);
        for (Handler former : root.getHandlers()) {
            root.removeHandler(former);
        }
        root.addHandler(handler);
        ours = Logger.getLogger("io.busbar");
        ours.setLevel(Level.INFO);
    }

    /** java.util.logging drops its handlers in a shutdown hook of its own, while ours still has something to say. */
    public static final class LastingLogManager extends LogManager {
        /** For java.util.logging, by name. */
        public LastingLogManager() {}

        @Override
        public void reset() {
            // Handlers write each line at once; there is nothing to lose by not closing them at exit.
        }
    }

    /** A configuration with nothing in it. */
    public static final class Nothing {
        /** For java.util.logging, by name. */
        public Nothing() {}
    }
}
