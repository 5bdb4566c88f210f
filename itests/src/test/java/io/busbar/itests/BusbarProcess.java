package io.busbar.itests;

import io.busbar.runtime.client.ControlConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The packed distribution as a process of its own: {@code busbar run --no-guest}, with its state and its sockets below
 * a directory of the test. {@link #close} kills what still runs.
 *
 * <pre>
 * try (var busbar = BusbarProcess.in(directory).disk(image).start()) {
 *     busbar.command("vdpa", "dev", "show");
 *     ... busbar.socket("disk0") ...
 * }
 * </pre>
 *
 * <p>The directory should have a short path: Unix sockets below it have at most 107 bytes.
 */
public final class BusbarProcess implements AutoCloseable {
    private static final Duration START_DEADLINE = Duration.ofSeconds(120);
    private static final Duration END_DEADLINE = Duration.ofSeconds(60);

    private final Process process;
    private final Path socketDir;
    private final Path control;
    private final Path output;
    private final Map<String, String> environment;

    private BusbarProcess(Process process, Builder builder) {
        this.process = process;
        this.socketDir = builder.socketDir;
        this.control = builder.stateDir().resolve(builder.instance).resolve("control.sock");
        this.output = builder.output();
        this.environment = builder.environment;
    }

    /**
     * @param directory for state, sockets and output; more than one process in the same directory needs
     *     {@link Builder#instance}, or shares the state of the one before
     */
    public static Builder in(Path directory) {
        return new Builder(directory);
    }

    /** How a process is started. */
    public static final class Builder {
        private final Path directory;
        private final List<String> options = new ArrayList<>();
        private final List<String> prefix = new ArrayList<>();
        private final Map<String, String> environment = new HashMap<>();
        private Path socketDir;
        private String instance = "default";
        private Path script = Distribution.script();

        private Builder(Path directory) {
            this.directory = directory.toAbsolutePath();
            this.socketDir = this.directory.resolve("sockets");
            environment.put("JAVA_HOME", System.getProperty("java.home"));
            environment.put("BUSBAR_STATE_DIR", stateDir().toString());
        }

        /** Serves an image as {@code disk0}. */
        public Builder disk(Path image) {
            return option("--disk", image.toString());
        }

        /** Other than the distribution under test: a changed copy of it. */
        public Builder home(Path distribution) {
            script = distribution.resolve("bin/busbar");
            return this;
        }

        /** Other than {@code sockets} in the directory. */
        public Builder socketDir(Path dir) {
            socketDir = dir.toAbsolutePath();
            return this;
        }

        /** Other than {@code default}. */
        public Builder instance(String name) {
            instance = name;
            return this;
        }

        /** Any further option of {@code busbar run}. */
        public Builder option(String... words) {
            options.addAll(List.of(words));
            return this;
        }

        /** A program that starts Busbar, such as {@code setpriv} with its options; it must replace itself. */
        public Builder under(String... words) {
            prefix.addAll(List.of(words));
            return this;
        }

        /** Sets a variable of the environment; an empty value unsets it. */
        public Builder environment(String name, String value) {
            environment.put(name, value);
            return this;
        }

        /** Properties of a PID, as JSON, such as {@code {"io.busbar.core.queue": {"spinMicros": 0}}}. */
        public Builder configuration(String json) {
            try {
                var conf = Files.createDirectories(stateDir().resolve(instance).resolve("conf"));
                Files.writeString(conf.resolve("test.json"), json);
                return this;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Path stateDir() {
            return directory.resolve("state");
        }

        private Path output() {
            return directory.resolve("output-" + instance);
        }

        /** Starts it, and waits until it is ready. */
        public BusbarProcess start() {
            var busbar = launch();
            try {
                busbar.awaitReady();
                return busbar;
            } catch (AssertionError e) {
                busbar.close();
                throw e;
            }
        }

        /** Starts it and does not wait: for starts that are to fail. */
        public BusbarProcess launch() {
            var words = new ArrayList<>(prefix);
            words.addAll(List.of(
                    script.toString(), "run", "--no-guest", "--instance", instance, "--socket-dir",
                    socketDir.toString()));
            words.addAll(options);
            try {
                Files.createDirectories(directory);
                var builder = new ProcessBuilder(words)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output().toFile());
                Command.setEnvironment(builder, environment);
                return new BusbarProcess(builder.start(), this);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void awaitReady() {
        Eventually.within(START_DEADLINE, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("Busbar ended with status " + process.exitValue() + ": " + log());
            }
            return log().lines().anyMatch(line -> line.startsWith("ready"));
        }, () -> "Busbar is not ready: " + log());
    }

    /** The process id, of the JVM itself: the script is replaced by it. */
    public long pid() {
        return process.pid();
    }

    /** True until it has ended. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** The processor time that it has used so far, of all threads, user and system. */
    public Duration cpu() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    /** Where it keeps its state, and that of other instances. */
    public Path stateDir() {
        return Path.of(environment.get("BUSBAR_STATE_DIR"));
    }

    /** Where the device of that name listens. */
    public Path socket(String device) {
        return socketDir.resolve(device + ".sock");
    }

    /** Everything that it has printed so far: output, errors and log lines. */
    public String log() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command over the control socket, from this JVM. */
    public Command command(String... words) {
        var out = new StringBuilder();
        var err = new StringBuilder();
        try (var connection = ControlConnection.open(control)) {
            var exit = connection.run(List.of(words), 0, out::append, err::append);
            return new Command(exit, out.toString(), err.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("no answer from the control socket; Busbar says: " + log(), e);
        }
    }

    /** A command that has to succeed; returns what it printed. */
    public String ok(String... words) {
        var result = command(words);
        if (result.exit() != 0) {
            throw new AssertionError(String.join(" ", words) + " failed with status " + result.exit() + ": "
                    + result.err() + result.out());
        }
        return result.out();
    }

    /** A command by the script, as a user gives it, in a process of its own. */
    public Command script(String... words) {
        var all = new ArrayList<>(List.of(Distribution.script().toString()));
        all.addAll(List.of(words));
        return Command.run(END_DEADLINE, environment, all);
    }

    /** As {@link #script}, while it still runs; what it prints goes nowhere. */
    public Process scriptStarted(String... words) {
        var all = new ArrayList<>(List.of(Distribution.script().toString()));
        all.addAll(List.of(words));
        var builder = new ProcessBuilder(all).redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        Command.setEnvironment(builder, environment);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Has a process of a distribution take over, as a user does it; what comes after is asked of that one. It is ended with this.
     *
     * @param home the distribution
     */
    public Command upgrade(Path home) {
        return script("upgrade", "--home", home.toString());
    }

    /** The process that has the instance now, if it is not the one that was started here. */
    private Optional<ProcessHandle> successor() {
        try {
            var pid = Long.parseLong(Files.readString(control.resolveSibling("busbar.pid")).strip());
            return pid == process.pid() ? Optional.empty() : ProcessHandle.of(pid);
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }

    /** Sends SIGTERM, and waits for the end. */
    public int terminate() {
        process.destroy();
        return awaitEnd();
    }

    /** Sends SIGKILL, and waits for the end. */
    public void kill9() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Waits for the end; returns the exit status. */
    public int awaitEnd() {
        try {
            if (!process.waitFor(END_DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("Busbar has not ended: " + log());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while Busbar was ending", e);
        }
    }

    /** Ends it, whatever it does. */
    @Override
    public void close() {
        successor().ifPresent(ProcessHandle::destroyForcibly);
        if (process.isAlive()) {
            kill9();
        }
    }
}
