package io.busbar.itests.guest;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command line in a terminal of its own, with somebody who types and reads. */
final class TerminalSession implements AutoCloseable {
    private static final Duration END_DEADLINE = Duration.ofSeconds(60);

    private final Process process;
    private final StringBuffer screen = new StringBuffer();

    private TerminalSession(Process process) {
        this.process = process;
        Thread.ofPlatform().daemon().start(this::read);
    }

    /**
     * @param environment variables that are set beside those of the test
     * @param line a line of the shell
     */
    static TerminalSession start(Map<String, String> environment, String line) throws IOException {
        var script = Host.require("script", "bsdutils");
        var builder = new ProcessBuilder(List.of(script.toString(), "-q", "-e", "-f", "-c", line, "/dev/null"))
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new TerminalSession(builder.start());
    }

    private void read() {
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (var c = reader.read(); c >= 0; c = reader.read()) {
                screen.append((char) c);
            }
        } catch (IOException e) {
            screen.append("[").append(e).append("]");
        }
    }

    /** Everything that was printed so far. */
    String screen() {
        return screen.toString();
    }

    /** Waits until a text is printed. */
    TerminalSession expect(String text, Duration deadline) {
        Eventually.within(
                deadline,
                () -> {
                    if (screen.indexOf(text) >= 0) {
                        return true;
                    }
                    if (!process.isAlive()) {
                        throw new AssertionError("ended before \"" + text + "\" was printed: " + screen);
                    }
                    return false;
                },
                () -> "\"" + text + "\" is not printed: " + screen);
        return this;
    }

    /** Types a line. */
    TerminalSession type(String line) {
        return press(line + "\n");
    }

    /** Presses keys: characters, also those of the control key. */
    TerminalSession press(String keys) {
        try {
            process.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the end of the command line; returns its exit status. */
    int awaitEnd() throws InterruptedException {
        if (!process.waitFor(END_DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("has not ended: " + screen);
        }
        return process.exitValue();
    }

    /** What runs in the terminal with these words in its command line, but for what such a one has started itself. */
    List<ProcessHandle> programs(String... words) {
        var found = process.toHandle().descendants().filter(program -> hasWords(program, words)).toList();
        return found.stream()
                .filter(program -> program.parent().filter(found::contains).isEmpty())
                .toList();
    }

    private static boolean hasWords(ProcessHandle program, String... words) {
        var line = new ArrayList<String>();
        program.info().command().ifPresent(line::add);
        program.info().arguments().ifPresent(arguments -> line.addAll(List.of(arguments)));
        return line.containsAll(List.of(words));
    }

    /** Closes the terminal, which hangs up what still runs in it. */
    @Override
    public void close() {
        process.destroy();
    }
}
