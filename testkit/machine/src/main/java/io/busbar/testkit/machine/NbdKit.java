package io.busbar.testkit.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** An NBD server: nbdkit. It ends when it is closed, and with this JVM. */
public final class NbdKit implements AutoCloseable {

    private final Process process;
    private final String uri;
    private final Path output;

    private NbdKit(Process process, String uri, Path output) {
        this.process = process;
        this.uri = uri;
        this.output = output;
    }

    /**
     * Starts one and waits until it listens; a prerequisite is missing where there is none.
     *
     * @param socket    where it listens; what an earlier one left there is removed
     * @param arguments nbdkit's own: filters, the plugin, its parameters
     */
    public static NbdKit at(Path socket, String... arguments) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start("nbd+unix:///%s?socket=" + socket, socket, List.of("--unix", socket.toString()), arguments);
    }

    /**
     * Starts one at a TCP port of 127.0.0.1, as {@link #at} does.
     *
     * @param folder for files of its own
     */
    public static NbdKit atPort(int port, Path folder, String... arguments) {
        return start("nbd://127.0.0.1:" + port + "/%s", folder.resolve("port" + port),
                List.of("--ipaddr", "127.0.0.1", "--port", Integer.toString(port)), arguments);
    }

    private static NbdKit start(String uri, Path files, List<String> where, String... arguments) {
        Path ready = files.resolveSibling(files.getFileName() + ".pid");
        Path output = files.resolveSibling(files.getFileName() + ".log");
        List<String> command = new ArrayList<>(
                List.of("nbdkit", "--foreground", "--exit-with-parent", "--pidfile", ready.toString()));
        command.addAll(where);
        command.addAll(List.of(arguments));
        try {
            Files.deleteIfExists(ready);
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
            NbdKit server = new NbdKit(process, uri, output);
            Eventually.that(() -> Files.exists(ready) || !process.isAlive(), () -> command + " does not listen");
            if (!process.isAlive()) {
                throw new IllegalStateException(command + " has ended: " + server.said());
            }
            return server;
        } catch (IOException e) {
            throw Prerequisite.missing("nbdkit (package nbdkit) cannot be started: " + e.getMessage());
        }
    }

    /** Returns the address of the default export. */
    public String uri() {
        return uri("");
    }

    /** Returns the address of an export. */
    public String uri(String export) {
        return uri.formatted(export);
    }

    /** Returns what it has said, its complaints above all. */
    public String said() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Stops it where it is, as if its machine hung; it can still be ended. */
    public void freeze() {
        Commands.Outcome outcome = Commands.run("kill", "-STOP", Long.toString(process.pid()));
        if (outcome.exit() != 0) {
            throw new IllegalStateException("nbdkit cannot be stopped: " + outcome.output());
        }
        // The signal is only on its way: a thread that runs may answer a request before it sees it.
        Eventually.that(this::isStopped, () -> "nbdkit does not stop");
    }

    private boolean isStopped() {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            return threads.allMatch(thread -> stateOf(thread).startsWith("T"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String stateOf(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.substring(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return "T"; // It has ended.
        }
    }

    /** Ends it at once, whatever it is doing. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nbdkit does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
