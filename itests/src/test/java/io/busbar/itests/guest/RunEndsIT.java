package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Distribution;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code busbar run}: whose keys are whose, and that nothing is left behind, whoever of the three ends first. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class RunEndsIT {

    private static final Duration BOOT = Duration.ofSeconds(120);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String CONTROL_C = "\u0003";
    private static final String CONTROL_Z = "\u001a";

    private static final Pattern NEXT_PROMPT = Pattern.compile("\\^C\\s+guest:~# ");

    @TempDir
    Path directory;

    private TerminalSession terminal;

    @BeforeEach
    void bootInATerminal() throws IOException {
        Host.require("linux.uml", "user-mode-linux");
        Map<String, String> environment = Map.of(
                "BUSBAR_STATE_DIR", directory.toString(), "JAVA_HOME", System.getProperty("java.home"), "TERM", "dumb");
        terminal = TerminalSession.start(environment, "exec " + Distribution.script() + " run");
        terminal.expect("guest:~# ", BOOT);
    }

    @AfterEach
    void closeTheTerminal() {
        if (terminal != null) {
            terminal.close();
        }
    }

    @Test
    void keysForJobControlAreTheGuestsOwn() throws Exception {
        terminal.type("cat");
        awaitCat("first");
        terminal.press(CONTROL_Z).expect("Stopped", SOON).type("fg");
        awaitCat("second");
        terminal.press(CONTROL_C);
        Eventually.within(SOON, () -> NEXT_PROMPT.matcher(terminal.screen()).find(), () -> "cat goes on: " + terminal.screen());
        terminal.type("echo status-$?").expect("status-130", SOON).type("poweroff");

        assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
        assertNothingRuns();
    }

    @Test
    void whenBusbarIsKilledTheGuestIsEndedAndItsUserIsToldWhy() throws Exception {
        oldest(process("java")).destroyForcibly();

        assertThat(terminal.awaitEnd()).isNotZero();
        assertThat(terminal.screen()).contains("is gone");
        assertNothingRuns();
    }

    @Test
    void whenTheCommandIsTerminatedGuestAndBusbarEnd() throws Exception {
        oldest(process("bash")).destroy();

        assertThat(terminal.awaitEnd()).isNotZero();
        assertNothingRuns();
    }

    @Test
    void whenTheCommandIsKilledTheGuestIsEnded() {
        assertThat(guests()).isNotEmpty();
        oldest(process("bash")).destroyForcibly();

        Eventually.within(SOON, () -> guests().isEmpty(), () -> "still running: " + guests());
        // A command that was killed cannot end its Busbar, which serves on: "busbar stop" or a signal ends it.
        process("java").forEach(ProcessHandle::destroy);
        assertNothingRuns();
    }

    /**
     * Types a word until cat has the guest's terminal: it is then shown twice, by the terminal and by cat. The shell may take what
     * is typed while cat starts.
     */
    private void awaitCat(String word) {
        Pattern twice = Pattern.compile(word + "[\\r\\n]+" + word + "[\\r\\n]+");
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!twice.matcher(terminal.screen()).find()) {
            assertThat(System.nanoTime()).as("deadline; the screen: %s", terminal.screen()).isLessThan(deadline);
            int typed = terminal.screen().length();
            terminal.type(word);
            Eventually.within(SOON, () -> terminal.screen().length() >= typed + word.length(), () -> "no echo: " + terminal.screen());
        }
    }

    private static ProcessHandle oldest(List<ProcessHandle> candidates) {
        assertThat(candidates).isNotEmpty();
        return candidates.getFirst();
    }

    private void assertNothingRuns() {
        StateProcesses.assertNone(directory);
    }

    private List<ProcessHandle> guests() {
        return process("linux.uml");
    }

    /** The processes of this test that run a program, the oldest first; process ids begin anew now and then, and do not say. */
    private List<ProcessHandle> process(String program) {
        return StateProcesses.of(directory).stream()
                .filter(process -> process.info().command().map(Path::of).map(Path::getFileName).map(Path::toString)
                        .filter(program::equals).isPresent())
                .sorted(Comparator.comparing(process -> process.info().startInstant().orElse(Instant.MAX)))
                .toList();
    }
}
