package io.busbar.itests.guest;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Processes whose environment names a directory for Busbar's state: of one test, with all that they have started. */
final class StateProcesses {

    private static final Duration SOON = Duration.ofSeconds(60);

    private StateProcesses() {}

    /** Those that run; those that have ended and were not reaped have no environment. */
    static List<ProcessHandle> of(Path stateDir) {
        String mark = "BUSBAR_STATE_DIR=" + stateDir + '\0';
        return ProcessHandle.allProcesses().filter(process -> environmentOf(process).contains(mark)).toList();
    }

    /** Waits until none runs. */
    static void assertNone(Path stateDir) {
        Eventually.within(SOON, () -> of(stateDir).isEmpty(), () -> "still running: " + of(stateDir).stream()
                .map(process -> process.info().commandLine().orElse("a process without a command line"))
                .toList());
    }

    private static String environmentOf(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "environ"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it has ended, or belongs to somebody else
        }
    }
}
